"""Which connection an app uses for an integration.

Every change is an event of the app, in the same transaction; a rebind is `disconnected` (old), then `connected` (new).
Locks are taken connection first, then the tenant's turn (`events.take_turn`), then the deployment, as everywhere.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from connections.models import Connection
from deployments import deploy_hooks, events, rebind
from deployments.models import App, Binding, Deployment
from tenants.models import Tenant, User


class BindingRefused(Exception):
    """A connection can't be bound to this app. `code` is one of contract section 8, `message` a sentence for people."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code, self.message, self.details = code, message, dict(details or {})


def bind(app: App, connection: Connection, *, by: User | None = None) -> Binding:
    """Let `app` use `connection` for its integration from now on. Binding what is bound already changes nothing.

    A deployment's environment follows in the same transaction (rebind.py). Raises `BindingRefused`:
    `connection_not_found` for another tenant's, `connection_inactive` for a disconnected one, `connection_in_use` where
    the provider allows one user and there is another, `not_found` for a deployment that is being destroyed.
    """
    with transaction.atomic():
        connection = _usable(app, connection)
        events.take_turn(app.tenant_id)
        _refuse_gone(app)
        _refuse_shared(app, connection)
        old = binding(app, connection.integration_id)
        if old and old.connection_id == connection.pk:
            return old
        if old:
            _drop(app, old)
        row: Binding = Binding.everyone.create(
            tenant_id=app.tenant_id,
            app=app,
            integration_id=connection.integration_id,
            connection=connection,
            exclusive=connection.integration.provider.exclusive,
        )
        events.record(app.tenant, events.Kind.CONNECTED, events.about(connection), app=app)
        was = old.connection.display_name if old else ""
        rebind.account_changed(app, connection, "changed an account" if old else "added an account", by=by, was=was)
        deploy_hooks.settle_later(connection)
    return row


def unbind(app: App, slug: str, *, by: User | None = None) -> bool:
    """Take the app's connection for an integration away; False when there was none."""
    with transaction.atomic():
        events.take_turn(app.tenant_id)
        old = binding(app, slug)
        if old:
            _drop(app, old)
            rebind.account_changed(app, old.connection, "removed an account", by=by)
    return old is not None


def binding(app: App, slug: str) -> Binding | None:
    """The app's binding for an integration."""
    rows = Binding.everyone.select_related("connection__integration")
    found: Binding | None = rows.filter(app=app, integration_id=slug).first()
    return found


def choices(tenant: Tenant, slug: str) -> QuerySet[Connection]:
    """The tenant's connections that may be bound for an integration, the newest first."""
    rows: QuerySet[Connection] = Connection.objects.of(tenant)
    return rows.filter(integration_id=slug, status__in=Connection.LIVE).select_related("integration")


def _usable(app: App, connection: Connection) -> Connection:
    """The connection as it is now, locked: a disconnect at the same moment comes before us or after us."""
    rows = Connection.everyone.select_for_update(no_key=True, of=("self",)).select_related("integration")
    row: Connection | None = rows.filter(pk=connection.pk, tenant_id=app.tenant_id).first()
    if row is None:
        raise BindingRefused("connection_not_found", "This workspace has no such connection.")
    if not row.live:
        raise BindingRefused("connection_inactive", "This connection was disconnected. Connect again, then choose it.")
    return row


def _refuse_gone(app: App) -> None:
    """Looked at in the tenant's turn: whoever destroys it drops its bindings in a turn too, before us or after us."""
    if Deployment.everyone.filter(app=app, desired_state=Deployment.Desired.DESTROYED).exists():
        raise BindingRefused("not_found", "This deployment is gone, or about to be.")


def _refuse_shared(app: App, connection: Connection) -> None:
    """Some credentials serve one program at a time (a Telegram bot can't be polled by two)."""
    provider = connection.integration.provider
    if not provider.exclusive:
        return
    others = Binding.everyone.filter(connection=connection).exclude(app=app)
    other = others.select_related("app", "app__deployment").first()
    if other:
        deployment = getattr(other.app, "deployment", None)
        bound_to = {
            "deployment_slug": deployment.slug if deployment else None,
            "deployment_name": deployment.name if deployment else other.app.name,
        }
        raise BindingRefused(
            "connection_in_use",
            f"{connection.display_name} serves {bound_to['deployment_name']} already, and {provider.name} allows one "
            "user at a time. Remove it there, or connect another account.",
            {"bound_to": bound_to},
        )


def _drop(app: App, old: Binding) -> None:
    """A disconnect may have taken it in the meantime, and has told of it then."""
    if Binding.everyone.filter(pk=old.pk).delete()[0]:
        events.record(app.tenant, events.Kind.DISCONNECTED, events.about(old.connection), app=app)
        deploy_hooks.settle_later(old.connection)
