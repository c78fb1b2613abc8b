"""The dashboard's JSON about apps and their keys, and about single connections and theirs."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from connections import connect as journey
from connections.models import Connection
from deployments import keys, projects
from deployments.api_door import READ, WRITE, Done, Member, Refused, Writer
from deployments.models import ApiKey, App, Deployment
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


@router.get("/apps", auth=member, response={200: AppList, **READ})
def list_apps(request: MemberRequest) -> dict[str, Any]:
    """All apps of the workspace, the newest first."""
    return {"apps": apps_of(request)}


@router.post("/apps", auth=writer, response={201: AppOut, **WRITE})
def create_app(request: MemberRequest, body: NewApp) -> Status[App]:
    """A new project. Apps of deployments come with their deployment."""
    return Status(201, projects.create_project(request.tenant, body.name))


@router.patch("/apps/{uuid:app_id}", auth=writer, response={200: AppOut, **WRITE})
def change_app(request: MemberRequest, app_id: UUID, body: AppChange) -> App:
    """Rename an app, or replace the origins that may hear of a connect."""
    app: App = one_of(apps_of(request), pk=app_id)
    if body.allowed_origins is not None:
        try:
            projects.allow_origins(app, body.allowed_origins)
        except projects.OriginRefused as refusal:
            raise Refused(400, error="validation_failed", fields={"allowed_origins": refusal.message}) from None
    if body.name is not None:
        projects.rename(app, body.name)
    return app


@router.post("/apps/{uuid:app_id}/keys", auth=writer, response={200: MintedKey, **WRITE})
def mint_key(request: MemberRequest, app_id: UUID, body: NewKey) -> dict[str, Any]:
    """A new key for everything the app may use. Its text is in this answer and nowhere else."""
    app: App = one_of(apps_of(request), pk=app_id)
    return _minted(*keys.mint(app, body.name, by=request.user, expires_at=body.expires_at))


@router.post("/connections/{uuid:connection_id}/keys", auth=writer, response={200: MintedKey, **WRITE})
def mint_connection_key(request: MemberRequest, connection_id: UUID, body: NewKey) -> dict[str, Any]:
    """A new key for one connection alone."""
    live = Connection.objects.of(request.tenant).filter(status__in=Connection.LIVE)
    connection: Connection = one_of(live, pk=connection_id)
    return _minted(*keys.mint_for_connection(connection, body.name, by=request.user, expires_at=body.expires_at))


@router.get("/keys", auth=member, response={200: KeyList, **READ})
def list_keys(request: MemberRequest) -> dict[str, Any]:
    """All keys of the workspace, without their texts."""
    return {"keys": ApiKey.objects.of(request.tenant)}


@router.delete("/keys/{uuid:key_id}", auth=writer, response={200: RevokedKey, **WRITE})
def revoke_key(request: MemberRequest, key_id: UUID) -> dict[str, Any]:
    """End a key; it is refused from the next request on."""
    key: ApiKey = one_of(ApiKey.objects.of(request.tenant), pk=key_id)
    return {"revoked_at": keys.revoke(key, by=request.user)}


@router.delete("/connections/{uuid:connection_id}", auth=writer, response={200: Done, **WRITE})
def disconnect(request: MemberRequest, connection_id: UUID) -> Done:
    """Give a connection up: bindings go, secrets are wiped, the provider is told."""
    rows = Connection.objects.of(request.tenant).select_related("integration")
    connection: Connection = one_of(rows, pk=connection_id)
    journey.disconnect(connection, by=request.user)
    return Done()


def apps_of(request: MemberRequest) -> QuerySet[App]:
    """The workspace's apps."""
    standing = App.objects.of(request.tenant).exclude(deployment__desired_state=Deployment.Desired.DESTROYED)
    rows: QuerySet[App] = standing.select_related("deployment")
    return rows


def _minted(key: ApiKey, text: str) -> dict[str, Any]:
    return {"key": text, "keyId": key.pk, "prefix": key.prefix}
