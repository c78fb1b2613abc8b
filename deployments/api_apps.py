"""The dashboard's JSON about apps, their keys and bindings, and keys of single connections."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from connections import connect as journey
from connections.models import Connection, Integration
from deployments import bindings, keys, projects
from deployments.api_door import Member, Refused, Writer
from deployments.models import ApiKey, App, Binding, Deployment
from deployments.moments import Moment
from tenants.http import MemberRequest
from tenants.scoped import one_of

router = Router(tags=["Apps and keys"])
member, writer = Member(), Writer()


def _to_come(moment: datetime) -> datetime:
    """A far end overflows in some time zone or database; nobody means the year 3000."""
    if not timezone.now() < moment < datetime(3000, 1, 1, tzinfo=UTC):
        raise ValueError("Use a moment in the future.")
    return moment


# No control characters: PostgreSQL takes no NUL, and a name is one line.
type Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(examples=["Ada's laptop"]),
]
type Future = Annotated[AwareDatetime, AfterValidator(_to_come)]


class AppDeployment(Schema):
    """The deployment that an app belongs to."""

    id: UUID
    slug: str
    name: str
    status: str
    url: str


class AppOut(Schema):
    """An app: a deployment's, or a project for local work."""

    id: UUID
    name: str
    kind: str
    allowed_origins: list[str]
    created_at: Moment
    deployment: AppDeployment | None

    @staticmethod
    def resolve_deployment(app: App) -> Deployment | None:
        """None for a project."""
        return getattr(app, "deployment", None)


class AppList(Schema):
    """All apps."""

    apps: list[AppOut]


class NewApp(Schema):
    """What a new project is called."""

    name: Name


class AppChange(Schema):
    """What to change; what is left out stays."""

    name: Name | None = None
    allowed_origins: list[Annotated[str, Field(max_length=300)]] | None = Field(None, max_length=100)


class NewKey(Schema):
    """What a new key is called, and when it ends."""

    name: Name
    expires_at: Future | None = None


class MintedKey(Schema):
    """A new key, shown this once."""

    key: str = Field(repr=False)
    keyId: UUID  # noqa: N815  (contract)
    prefix: str


class KeyOut(Schema):
    """A key without its text."""

    id: UUID
    name: str
    prefix: str
    scope: str
    app_id: UUID | None
    connection_id: UUID | None
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class KeyList(Schema):
    """All keys, the revoked ones too."""

    keys: list[KeyOut]


class RevokedKey(Schema):
    """Since when a key is refused."""

    revoked_at: Moment


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


class Done(Schema):
    """It is done."""

    ok: bool = True


@router.get("/apps", auth=member, response=AppList)
def list_apps(request: MemberRequest) -> dict[str, Any]:
    """All apps of the workspace, the newest first."""
    return {"apps": _apps(request)}


@router.post("/apps", auth=writer, response={201: AppOut})
def create_app(request: MemberRequest, body: NewApp) -> Status[App]:
    """A new project. Apps of deployments come with their deployment."""
    return Status(201, projects.create_project(request.tenant, body.name))


@router.patch("/apps/{uuid:app_id}", auth=writer, response=AppOut)
def change_app(request: MemberRequest, app_id: UUID, body: AppChange) -> App:
    """Rename an app, or replace the origins that may hear of a connect."""
    app: App = one_of(_apps(request), pk=app_id)
    if body.allowed_origins is not None:
        try:
            projects.allow_origins(app, body.allowed_origins)
        except projects.OriginRefused as refusal:
            raise Refused(400, error="validation_failed", fields={"allowed_origins": refusal.message}) from None
    if body.name is not None:
        projects.rename(app, body.name)
    return app


@router.post("/apps/{uuid:app_id}/keys", auth=writer, response=MintedKey)
def mint_key(request: MemberRequest, app_id: UUID, body: NewKey) -> dict[str, Any]:
    """A new key for everything the app may use. Its text is in this answer and nowhere else."""
    app: App = one_of(_apps(request), pk=app_id)
    return _minted(*keys.mint(app, body.name, by=request.user, expires_at=body.expires_at))


@router.post("/connections/{uuid:connection_id}/keys", auth=writer, response=MintedKey)
def mint_connection_key(request: MemberRequest, connection_id: UUID, body: NewKey) -> dict[str, Any]:
    """A new key for one connection alone."""
    live = Connection.objects.of(request.tenant).filter(status__in=Connection.LIVE)
    connection: Connection = one_of(live, pk=connection_id)
    return _minted(*keys.mint_for_connection(connection, body.name, by=request.user, expires_at=body.expires_at))


@router.get("/keys", auth=member, response=KeyList)
def list_keys(request: MemberRequest) -> dict[str, Any]:
    """All keys of the workspace, without their texts."""
    return {"keys": ApiKey.objects.of(request.tenant)}


@router.delete("/keys/{uuid:key_id}", auth=writer, response=RevokedKey)
def revoke_key(request: MemberRequest, key_id: UUID) -> dict[str, Any]:
    """End a key; it is refused from the next request on."""
    key: ApiKey = one_of(ApiKey.objects.of(request.tenant), pk=key_id)
    return {"revoked_at": keys.revoke(key)}


@router.get("/apps/{uuid:app_id}/bindings", auth=member, response=BindingList)
def list_bindings(request: MemberRequest, app_id: UUID) -> dict[str, Any]:
    """Which connection the app uses for which provider."""
    app: App = one_of(_apps(request), pk=app_id)
    return {"bindings": Binding.objects.of(request.tenant).filter(app=app).select_related("connection")}


@router.api_operation(["POST", "PUT"], "/apps/{uuid:app_id}/bindings", auth=writer, response=Bound)
def bind(request: MemberRequest, app_id: UUID, body: BindingChange) -> dict[str, Any]:
    """Use a connection for a provider from now on, instead of another one if there was one."""
    app: App = one_of(_apps(request), pk=app_id)
    if not Integration.objects.filter(slug=body.provider_slug, enabled=True).exists():
        raise Refused(404, error="unknown_provider")
    connection = _connection(request, body.connection_id)
    if connection.integration_id != body.provider_slug:
        raise Refused(400, error="provider_mismatch")
    before = bindings.binding(app, body.provider_slug)
    same = before is not None and before.connection_id == connection.pk
    try:
        bindings.bind(app, connection)
    except bindings.BindingRefused as refusal:
        status = {"connection_not_found": 404, "connection_in_use": 409}.get(refusal.code, 400)
        raise Refused(status, error=refusal.code, **refusal.details) from None
    restart = not same and _needs_restart(app, connection)
    return {"connection_id": connection.pk, "already_connected": same, "restartRequired": restart}


@router.delete("/connections/{uuid:connection_id}", auth=writer, response=Done)
def disconnect(request: MemberRequest, connection_id: UUID) -> Done:
    """Give a connection up: bindings go, secrets are wiped, the provider is told."""
    rows = Connection.objects.of(request.tenant).select_related("integration")
    connection: Connection = one_of(rows, pk=connection_id)
    journey.disconnect(connection)
    return Done()


def _apps(request: MemberRequest) -> QuerySet[App]:
    rows: QuerySet[App] = App.objects.of(request.tenant).select_related("deployment")
    return rows


def _connection(request: MemberRequest, identity: str) -> Connection:
    """The workspace's connection of that id; somebody else's, and what is no id at all, are not found."""
    try:
        wanted = UUID(identity)
    except ValueError:
        wanted = None
    found: Connection | None = Connection.objects.of(request.tenant).filter(pk=wanted).first() if wanted else None
    if found is None:
        raise Refused(404, error="connection_not_found")
    return found


def _minted(key: ApiKey, text: str) -> dict[str, Any]:
    return {"key": text, "keyId": key.pk, "prefix": key.prefix}


def _needs_restart(app: App, connection: Connection) -> bool:
    """Whether a running tool holds the old credential in its environment; a tool that fetches tokens needs none."""
    deployment: Deployment | None = getattr(app, "deployment", None)
    running = deployment is not None and deployment.status == Deployment.Status.RUNNING
    return running and connection.expires_at is None and bool(connection.integration.provider.env)
