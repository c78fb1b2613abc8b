"""What providers send to connections, as rows: for which deployment, when, and how it went.

A message that the provider sends again is the same row. It is forwarded again as long as it has not arrived, by one of
those who have it at the same moment: whoever changes the row to `forwarding` (compare-and-set).
"""

import base64
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self
from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from connections import catalog, vault
from connections.models import Connection
from deployments.activity import note
from deployments.models import Deployment
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import User

Status = WebhookDelivery.Status

KEPT = timedelta(days=30)  # for so long a message that comes again is known
MESSAGES_KEPT = timedelta(days=3)  # headers and body, to be sent once more
LEASE = timedelta(seconds=45)  # longer than forwarding takes (forwarding.WITHIN): until then nobody else begins
ROWS = 500  # that one statement takes away
HOUR = 3600  # seconds
ROOM = 8 * 1024 * 1024  # bytes of one workspace's messages that are kept of an hour, or it would fill the disk for all
RESENT_AT_ONCE = 5  # messages of one workspace under way, beyond which nobody sends another once more

UNBOUND = "No deployment uses this connection."
NOT_RUNNING = "The deployment is not running."
GIVEN_UP = "The deployment was stopped, or given another account, before this was sent once more."
INTERRUPTED = "The dashboard was stopped while it forwarded this."
UNDER_WAY = "This message is on its way already."
BUSY = "Several messages are on their way already. Wait until they have got there."


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request as it came: its end-to-end headers, names in lower case, and its body. `event_id` is the provider's."""

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    event_id: str = ""

    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"headers": self.headers, "body": base64.b64encode(self.body).decode()})

    @classmethod
    def of(cls, row: WebhookDelivery) -> Self:
        """What a row keeps. Raises `VaultError` where it does not open."""
        kept = json.loads(vault.reveal(row, "message") or "{}")
        headers = tuple((name, value) for name, value in kept["headers"])
        return cls(headers=headers, body=base64.b64decode(kept["body"]), event_id=row.event_id)


@dataclass(frozen=True, slots=True)
class Taken:
    """A row, and whether it is for the caller to forward. If not, its status says why."""

    row: WebhookDelivery
    forward: bool


class RedeliveryRefused(Exception):
    """It can't be sent once more. `message` says why, to a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def receive(connection: Connection, message: Message) -> list[Taken]:
    """Write down what came, once for each deployment that is to get it."""
    takers: Sequence[Deployment | None] = bound(connection) or [None]
    return [_take(connection, deployment, message) for deployment in takers]


def bound(connection: Connection) -> list[Deployment]:
    """The deployments that use it, running or not."""
    rows = Deployment.everyone.filter(app__bindings__connection=connection).exclude(status=Deployment.Status.DESTROYED)
    return list(rows.select_related("app", "tenant").order_by("created_at", "pk"))


def note_refused(connection: Connection, size: int, detail: str) -> None:
    """Something came that was not from the provider, or not meant for now. Nothing of it is kept."""
    WebhookDelivery.everyone.create(
        tenant_id=connection.tenant_id, connection=connection, status=Status.REFUSED, size=size, detail=detail
    )


def counted(what: str, whose: UUID, amount: int = 1) -> int:
    """How much of it there was within this hour, with `amount` more."""
    counter = f"webhooks-{what}:{whose}:{int(time.time() // HOUR)}"
    cache.add(counter, 0, timeout=HOUR)
    try:
        return cache.incr(counter, amount)
    except ValueError:  # dropped between the two calls
        return amount


def finish(row: WebhookDelivery, *, answered: int | None, detail: str, duration_ms: int) -> None:
    """Write down how forwarding went: delivered where the deployment answered 2xx."""
    row.status = Status.DELIVERED if answered and 200 <= answered < 300 else Status.FAILED
    row.answered, row.detail, row.duration_ms = answered, detail[:200], duration_ms
    row.save(update_fields=["status", "answered", "detail", "duration_ms"])


def sending() -> list[str]:
    """Slugs of the providers that send webhooks."""
    return [slug for slug, provider in catalog.all_providers().items() if provider.webhook]


def is_under_way(row: WebhookDelivery) -> bool:
    """Whether somebody is forwarding it, as far as one can tell."""
    return row.status == Status.FORWARDING and row.attempted_at > timezone.now() - LEASE


def is_awaited(row: WebhookDelivery) -> bool:
    """Whether the row's deployment runs, and uses the account, by now."""
    return any(user.pk == row.deployment_id and user.reachable for user in bound(row.connection))


def redeliver(row: WebhookDelivery, *, by: User) -> None:
    """Have it forwarded once more, delivered or not; the worker does it (`tasks.redeliver`).

    Raises `RedeliveryRefused`.
    """
    if row.message is None:
        raise RedeliveryRefused("What was sent is no longer kept.")
    users = bound(row.connection)
    deployment = next((user for user in users if row.deployment_id in {None, user.pk}), None)
    if deployment is None:
        raise RedeliveryRefused(UNBOUND if row.deployment_id is None else "The deployment no longer uses this account.")
    if not deployment.reachable:
        raise RedeliveryRefused(f"{deployment.name} is not running. Start it first.")
    if WebhookDelivery.everyone.filter(_is_under_way(), tenant=row.tenant_id).count() >= RESENT_AT_ONCE:
        raise RedeliveryRefused(BUSY)
    try:
        with transaction.atomic():
            _adopt(row, deployment)
    except IntegrityError:
        raise RedeliveryRefused(f"{deployment.name} was sent this later; look there.") from None
    if not _claim(row, again=True):
        raise RedeliveryRefused(UNDER_WAY)
    note(deployment, "sent a webhook once more", by=by, detail=f"{row.connection.display_name} {row.event_id}".strip())


def prune() -> int:
    """Forget old messages, and after a while that they came; returns how many rows that concerned.

    What was being forwarded when a process of ours ended is noted as failed.
    """
    now = timezone.now()
    rows = WebhookDelivery.everyone.order_by()
    gone = _some(rows.filter(received_at__lt=now - KEPT)).delete()[0]
    emptied = _some(rows.filter(received_at__lt=now - MESSAGES_KEPT, message__isnull=False)).update(message=None)
    left = _some(rows.filter(status=Status.FORWARDING, attempted_at__lt=now - LEASE))
    return gone + emptied + left.update(status=Status.FAILED, detail=INTERRUPTED)


def _some(rows: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """So few that no statement holds up others for long."""
    found: Iterable[object] = list(rows.values_list("pk", flat=True)[:ROWS])
    chosen: QuerySet[WebhookDelivery] = WebhookDelivery.everyone.filter(pk__in=found)
    return chosen


def _take(connection: Connection, deployment: Deployment | None, message: Message) -> Taken:
    row = _row(connection, deployment, message)
    if deployment is None or not deployment.reachable:
        why = NOT_RUNNING if deployment else UNBOUND
        _free(row).update(status=Status.WAITING, detail=why, answered=None, attempted_at=timezone.now())
        row.refresh_from_db(fields=["status", "detail"])
    elif _claim(row):
        return Taken(row, forward=True)
    if row.status == Status.DELIVERED:
        WebhookDelivery.everyone.filter(pk=row.pk).update(repeats=F("repeats") + 1)
    return Taken(row, forward=False)


def _row(connection: Connection, deployment: Deployment | None, message: Message) -> WebhookDelivery:
    """The message's, made unless there is one. One that nobody was there for is now this deployment's."""
    known = WebhookDelivery.everyone.filter(connection=connection, event_id=message.event_id)
    row: WebhookDelivery | None = None
    if message.event_id:
        row = known.filter(deployment=deployment).first() or known.filter(deployment=None).first()
    row = row or WebhookDelivery(
        tenant_id=connection.tenant_id,
        connection=connection,
        deployment=deployment,
        event_id=message.event_id,
        status=Status.WAITING,
        size=len(message.body),
    )
    try:
        with transaction.atomic():
            _adopt(row, deployment)
            _keep(row, message)
    except IntegrityError:  # somebody else has it at the same moment
        row = known.get(deployment=deployment)
    return row


def _keep(row: WebhookDelivery, message: Message) -> None:
    """What came, anew where it was forgotten. There is an end to what is kept of one workspace."""
    text = message.text() if row.message is None else ""
    kept = bool(text) and counted("kept", row.tenant_id, len(text)) <= ROOM
    if kept:
        vault.seal(row, "message", text)
    if kept or row._state.adding:
        row.save(update_fields=None if row._state.adding else ["message"])
    # Read again where somebody wants it: while many wait for a slow tool, each would be in memory twice.
    del row.message


def _adopt(row: WebhookDelivery, deployment: Deployment | None) -> None:
    """What waited for nobody is the first one's who is there."""
    if row.deployment_id is None and deployment is not None:
        row.deployment = deployment
        if not row._state.adding:
            row.save(update_fields=["deployment"])


def _claim(row: WebhookDelivery, *, again: bool = False) -> bool:
    """Compare-and-set: true for one of those who want to forward it, and for nobody once it is there."""
    free = _free(row, delivered=again)
    taken = free.update(status=Status.FORWARDING, attempted_at=timezone.now(), attempts=F("attempts") + 1)
    row.refresh_from_db(fields=["status", "attempted_at", "attempts"])
    return bool(taken)


def _free(row: WebhookDelivery, *, delivered: bool = False) -> QuerySet[WebhookDelivery]:
    """The row, unless it has arrived or is being forwarded."""
    rows: QuerySet[WebhookDelivery] = WebhookDelivery.everyone.filter(pk=row.pk).exclude(_is_under_way())
    return rows if delivered else rows.exclude(status=Status.DELIVERED)


def _is_under_way() -> Q:
    """As `is_under_way`."""
    return Q(status=Status.FORWARDING, attempted_at__gt=timezone.now() - LEASE)
