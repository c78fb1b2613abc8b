"""The dashboard's JSON about bindings: which connection an app uses for which provider."""

from typing import Any
from uuid import UUID

from ninja import Router, Schema
from pydantic import Field

from connections.models import Connection, Integration
from deployments import bindings, changes, rebind
from deployments.api_apps import apps_of
from deployments.api_door import READ, WRITE, Done, Member, Refused, Writer
from deployments.models import App, Binding, Deployment
from tenants.http import MemberRequest
from tenants.scoped import one_of

router = Router(tags=["Bindings"])
member, writer = Member(), Writer()


class BindingOut(Schema):
    """The connection that an app uses for a provider."""

    provider_slug: str = Field(alias="integration_id")
    connection_id: UUID
    display_name: str = Field(alias="connection.display_name")
    status: str = Field(alias="connection.status")


class BindingList(Schema):
    """Everything an app is bound to."""

    bindings: list[BindingOut]


class BindingChange(Schema):
    """Which connection to use for a provider from now on."""

    provider_slug: str = Field(max_length=40)
    connection_id: str = Field(max_length=60)


class Bound(Schema):
    """The binding as it is now."""

    ok: bool = True
    connection_id: UUID
    already_connected: bool
    restartRequired: bool  # noqa: N815  (contract)


class DeploymentBinding(Schema):
    """Which connection a deployment is to use, for the provider that it is a connection of."""

    connection_id: str = Field(max_length=60)
    deployment_id: str = Field(max_length=60)


class BoundTo(Schema):
    """Who uses it already. The slug is null for a project."""

    deployment_slug: str | None
    deployment_name: str


class InUse(Schema):
    """The provider allows one user per connection, and there is one."""

    error: str = Field(examples=["connection_in_use"])
    bound_to: BoundTo


STATUSES = {"connection_not_found": 404, "not_found": 404, "connection_in_use": 409}
BINDING = {200: Bound, **WRITE, 409: InUse}


@router.get("/apps/{uuid:app_id}/bindings", auth=member, response={200: BindingList, **READ})
def list_bindings(request: MemberRequest, app_id: UUID) -> dict[str, Any]:
    """Which connection the app uses for which provider."""
    app: App = one_of(apps_of(request), pk=app_id)
    return {"bindings": Binding.objects.of(request.tenant).filter(app=app).select_related("connection")}


@router.api_operation(["POST", "PUT"], "/apps/{uuid:app_id}/bindings", auth=writer, response=BINDING)
def bind(request: MemberRequest, app_id: UUID, body: BindingChange) -> dict[str, Any]:
    """Use a connection for a provider from now on, instead of another one if there was one."""
    app: App = one_of(apps_of(request), pk=app_id)
    _refuse_unknown(body.provider_slug)
    connection = _connection(request, body.connection_id)
    if connection.integration_id != body.provider_slug:
        raise Refused(400, error="provider_mismatch")
    return _bind(request, app, connection)


@router.delete("/apps/{uuid:app_id}/bindings/{slug:provider_slug}", auth=writer, response={200: Done, **WRITE})
def unbind(request: MemberRequest, app_id: UUID, provider_slug: str) -> Done:
    """Take the app's connection for a provider away; the connection itself stays."""
    app: App = one_of(apps_of(request), pk=app_id)
    if not bindings.unbind(app, provider_slug, by=request.user):
        raise Refused(404, error="not_found")
    return Done()


@router.post("/connections/bind-deployment", auth=writer, response=BINDING)
def bind_deployment(request: MemberRequest, body: DeploymentBinding) -> dict[str, Any]:
    """Let a deployment use a connection, in one step."""
    rows = Deployment.objects.of(request.tenant).exclude(status=Deployment.Status.DESTROYED)
    deployment: Deployment | None = rows.select_related("app").filter(pk=_as_id(body.deployment_id)).first()
    if deployment is None:
        raise Refused(404, error="not_found")
    connection = _connection(request, body.connection_id)
    _refuse_unknown(connection.integration_id)
    return _bind(request, deployment.app, connection)


def _bind(request: MemberRequest, app: App, connection: Connection) -> dict[str, Any]:
    before = bindings.binding(app, connection.integration_id)
    same = before is not None and before.connection_id == connection.pk
    try:
        bindings.bind(app, connection, by=request.user)
    except bindings.BindingRefused as refusal:
        raise Refused(STATUSES.get(refusal.code, 400), error=refusal.code, **refusal.details) from None
    restart = _needs_restart(app, connection.integration_id)
    return {"connection_id": connection.pk, "already_connected": same, "restartRequired": restart}


def _refuse_unknown(slug: str) -> None:
    if not Integration.objects.filter(slug=slug, enabled=True).exists():
        raise Refused(404, error="unknown_provider")


def _connection(request: MemberRequest, identity: str) -> Connection:
    """The workspace's connection of that id; somebody else's, and what is no id at all, are not found."""
    rows = Connection.objects.of(request.tenant).select_related("integration")
    found: Connection | None = rows.filter(pk=_as_id(identity)).first()
    if found is None:
        raise Refused(404, error="connection_not_found")
    return found


def _as_id(text: str) -> UUID | None:
    """None for what is no id; no row has it."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _needs_restart(app: App, slug: str) -> bool:
    """Whether the running tool holds another credential of this provider until somebody restarts it.

    A tool that fetches its tokens needs none, and one whose release asks for it restarts by itself.
    """
    deployment = Deployment.everyone.select_related("release").filter(app=app).first()
    if deployment is None or not changes.restart_needed(deployment):
        return False
    return slug in changes.changed_integrations(deployment) and not rebind.restarts_by_itself(deployment, slug)
