"""The outbox: what changed, written in the transaction of the change and rung for after its commit.

A bell says whose events there are and nothing more. Whoever hears it (`bells.py`) reads the table, so that a lost bell
delays news and never loses it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from connections.models import Connection
from deployments.models import App, Deployment, Event
from tenants.models import Tenant

GROUP = "events"  # of the channel layer: one member a process


class Kind(StrEnum):
    """What can happen. The first four are the contract's (section 5) when the row has an app."""

    CONNECTED = "connection.connected"
    DISCONNECTED = "connection.disconnected"
    CHANGED = "connection.changed"
    STATUS_CHANGED = "connection.status_changed"
    DEPLOYMENT_CHANGED = "deployment.changed"


def take_turn(tenant_id: UUID) -> None:
    """Be the only one to write events of this tenant's apps, until the present transaction ends.

    Without it an event could be committed after one with a higher sequence, and a stream that goes on from the higher
    one would never see it. Locks are taken connection first, then the turn, everywhere, so that two changes can't wait
    for each other. Events that are for pages alone need no turn: `live.Feed` copes with late ones.
    """
    Tenant.objects.select_for_update(no_key=True).only("pk").get(pk=tenant_id)


def record(tenant: Tenant, kind: str, payload: Mapping[str, Any], *, app: App | None = None) -> Event:
    """Write one event into the present transaction; its bell rings if that commits.

    With an app it is an event of that app, and the tenant's turn is needed; without one it is for the dashboard's
    pages alone.
    """
    [event] = _record(tenant, kind, payload, [app])
    return event


def tell(tenant: Tenant, kind: str, payload: Mapping[str, Any], apps: Iterable[App]) -> None:
    """An event for each of the apps, and one for the tenant's pages."""
    _record(tenant, kind, payload, [*apps, None])


def _record(tenant: Tenant, kind: str, payload: Mapping[str, Any], apps: list[App | None]) -> list[Event]:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An event belongs into the transaction of the change it tells of.")
    if any(apps):
        # Taken already by whoever had to read bindings first; twice is once.
        take_turn(tenant.pk)
    rows = [Event(tenant=tenant, app=app, kind=kind, payload=dict(payload)) for app in apps]
    Event.everyone.bulk_create(rows)
    transaction.on_commit(partial(ring, tenant.pk), robust=True)
    return rows


def about(connection: Connection) -> dict[str, str]:
    """The payload of events about a connection."""
    return {"slug": connection.integration_id, "connection_id": str(connection.pk)}


def status_of(connection: Connection) -> str:
    """A connection's status in the contract's words."""
    return "connected" if connection.status == Connection.Status.ACTIVE else connection.status


def deployment_changed(deployment: Deployment) -> None:
    """Tell open pages that a deployment's status, step, log, address or failure changed.

    Joins the caller's transaction, or is one.
    """
    with transaction.atomic():
        record(deployment.tenant, Kind.DEPLOYMENT_CHANGED, {"deployment_id": str(deployment.pk)})


def topics(event: Event) -> list[str]:
    """What an event means to open pages: each topic names something that fetches itself anew."""
    if event.kind == Kind.DEPLOYMENT_CHANGED:
        return ["deployments", f"deployment-{event.payload['deployment_id']}"]
    told = ["connections", f"connection-{event.payload['connection_id']}"]
    return told if event.app_id is None else [*told, f"bindings-{event.app_id}"]


def ring(tenant_id: UUID) -> None:
    """Wake up everybody who follows a tenant's events, in every process."""
    layer = get_channel_layer()
    if layer is not None:
        async_to_sync(layer.group_send)(GROUP, {"type": "events.bell", "tenant": str(tenant_id)})
