"""What connections mean to apps: who is bound, who is told, and on whose behalf somebody connects.

Receivers run inside the transaction of the change (`connections.signals`), so bindings and events are there when the
connection is. Its row is locked or new by then; the tenant's turn comes next.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from connections import intents, signals
from connections.errors import ConnectError, IntentRefused
from connections.intents import Intent, Purpose
from connections.models import Connection
from connections.popup import origin_of
from deployments import bindings, events, keys, rebind
from deployments.errors import ApiError
from deployments.events import Kind
from deployments.manifest import published
from deployments.models import ApiKey, App, Binding, Deployment
from tenants.models import Tenant, User

KIND = "app"
# One sentence for all of unknown, revoked, expired and somebody else's: which of them it is, is nobody's business.
REFUSAL = (
    "This link is for an app that is not in your workspace, or its key no longer works. "
    "Sign in to the workspace that runs the app, or open the connect link from the app again."
)


class AppMeaning:
    """Intents that name an app of the tenant."""

    kind = KIND

    def from_query(self, query: Mapping[str, str], tenant: Tenant | None) -> Intent | None:
        """The app that `app_key` opens, or that `app` names. While signed out, whose it is shows later."""
        if text := query.get("app_key"):
            app = _app_of_key(text)
        elif text := query.get("app"):
            app = _app_of_id(text)
        else:
            return None
        if app is None or (tenant and app.tenant_id != tenant.pk):
            raise IntentRefused(REFUSAL)
        return Intent(KIND, str(app.pk))

    def purpose(self, intent: Intent, tenant: Tenant) -> Purpose:
        """The app, by name, and the pages that may hear of the result: its own, registered ones, a developer's own."""
        app = _app_of_id(intent.id)
        if app is None or app.tenant_id != tenant.pk:
            raise IntentRefused(REFUSAL)
        own = origin_of(_url(app))
        origins = frozenset(app.allowed_origins) | ({own} if own else frozenset())
        return Purpose(label=f"for {app.name}", origins=origins, loopback=app.kind == App.Kind.PROJECT)


def connect() -> None:
    """Connect the receivers; called once by the app's `ready`."""
    intents.register(AppMeaning())
    signals.connected.connect(on_connected, dispatch_uid="deployments.connected")
    signals.disconnected.connect(on_disconnected, dispatch_uid="deployments.disconnected")
    signals.changed.connect(on_changed, dispatch_uid="deployments.changed")
    signals.status_changed.connect(on_status_changed, dispatch_uid="deployments.status_changed")


def on_connected(
    *, connection: Connection, intent: Intent | None, by: User | None = None, renewed: bool = True, **kwargs: Any
) -> None:
    """Bind it where it was made for, and tell those who use it or wait for it."""
    events.take_turn(connection.tenant_id)
    users = _users(connection)
    _bind(connection, intent, by)
    for app in users if renewed else []:
        rebind.account_changed(app, connection, "renewed an account", by=by)
    bound = {app.pk for app in _users(connection)}
    waiting = [app for app in _declaring(connection) if app.pk not in bound]
    # Who was bound just now heard it from `bindings`; a reconnect in place is news to the others.
    events.tell(connection.tenant, Kind.CONNECTED, events.about(connection), [*users, *waiting])


def on_disconnected(*, connection: Connection, by: User | None = None, **kwargs: Any) -> None:
    """Drop its bindings; the apps that had one are told."""
    events.take_turn(connection.tenant_id)
    users = _users(connection)
    Binding.everyone.filter(connection=connection).delete()
    events.tell(connection.tenant, Kind.DISCONNECTED, events.about(connection), users)
    for app in users:
        rebind.account_changed(app, connection, "disconnected an account", by=by)


def on_changed(*, connection: Connection, **kwargs: Any) -> None:
    """Name or metadata."""
    events.take_turn(connection.tenant_id)
    events.tell(connection.tenant, Kind.CHANGED, events.about(connection), _users(connection))


def on_status_changed(*, connection: Connection, **kwargs: Any) -> None:
    """It works, or no longer does."""
    payload = events.about(connection) | {"status": events.status_of(connection)}
    events.take_turn(connection.tenant_id)
    events.tell(connection.tenant, Kind.STATUS_CHANGED, payload, _users(connection))


def _users(connection: Connection) -> list[App]:
    """The apps bound to it."""
    return list(App.objects.of(connection.tenant).filter(bindings__connection=connection).order_by("pk"))


def _declaring(connection: Connection) -> list[App]:
    """Apps of deployments whose release declares the integration (contract section 5)."""
    rows = Deployment.objects.of(connection.tenant).exclude(status=Deployment.Status.DESTROYED)
    slug = connection.integration_id
    return [d.app for d in rows.select_related("app", "release").order_by("app_id") if published(d.release).uses(slug)]


def _bind(connection: Connection, intent: Intent | None, by: User | None) -> None:
    if intent is None:
        _bind_projects(connection)
    elif intent.kind == KIND and (app := _app_of_id(intent.id)) and app.tenant_id == connection.tenant_id:
        _bind_app(app, connection, by)


def _bind_projects(connection: Connection) -> None:
    """A connect from the Connections page serves the projects that have none, so that `vendo.token()` works next.

    One that serves a single app stays free: which app that is, a person says.
    """
    if connection.integration.provider.exclusive:
        return
    projects = App.objects.of(connection.tenant).filter(kind=App.Kind.PROJECT)
    for app in projects.exclude(bindings__integration=connection.integration_id).order_by("pk"):
        bindings.bind(app, connection)


def _bind_app(app: App, connection: Connection, by: User | None) -> None:
    try:
        bindings.bind(app, connection, by=by)
    except bindings.BindingRefused as refusal:
        raise ConnectError("db_insert_failed", refusal.message) from refusal


def _app_of_key(text: str) -> App | None:
    try:
        key = keys.recognise(text)
    except ApiError:
        return None
    return _app_of_id(str(key.app_id)) if key.scope == ApiKey.Scope.APP else None


def _app_of_id(text: str) -> App | None:
    """The app, unless its deployment is gone."""
    try:
        identity = UUID(text)
    except ValueError:
        return None
    rows = App.everyone.select_related("deployment")
    app: App | None = rows.exclude(deployment__status=Deployment.Status.DESTROYED).filter(pk=identity).first()
    return app


def _url(app: App) -> str:
    deployment: Deployment | None = getattr(app, "deployment", None)
    return deployment.url if deployment else ""
