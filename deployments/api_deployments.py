"""The dashboard's JSON about deployments: launch, look, and what people do to them afterwards."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from ninja import Router, Schema, Status
from ninja.params.functions import Header  # what `ninja.Header` is when it runs; type checkers see something else
from pydantic import Field

from connections.models import Connection
from deployments import idempotency, operations
from deployments import launch as launching
from deployments.api_door import READ, WRITE, Done, Malformed, Member, Refusal, Refused, Writer
from deployments.errors import TABLE
from deployments.models import Deployment, Release, Tool
from deployments.moments import Moment
from deployments.timeline import StepView, timeline
from tenants.http import MemberRequest
from tenants.models import User
from tenants.scoped import one_of

router = Router(tags=["Deployments"])
member, writer = Member(), Writer()

type Slug = Annotated[str, Field(max_length=64)]


class Deploy(Schema):
    """What to deploy, as what, and with which connections."""

    toolSlug: Slug  # noqa: N815  (contract, as the following names)
    deploymentSlug: Slug | None = None  # noqa: N815
    deploymentName: Annotated[str, Field(max_length=80)] | None = None  # noqa: N815
    userVariables: dict[str, Any] = Field({}, repr=False)  # noqa: N815
    bindings: dict[str, str] = {}
    selectedBindings: dict[str, str] = {}  # noqa: N815
    pendingBindings: dict[str, dict[str, Any]] = Field({}, repr=False)  # noqa: N815


class Deployed(Schema):
    """The new deployment."""

    deploymentId: UUID  # noqa: N815


class Upgrade(Schema):
    """Answers to what the newer release asks for and the deployment has not said yet."""

    userVariables: dict[str, Any] = Field({}, repr=False)  # noqa: N815  (contract)


class StepOut(Schema):
    """A step of what is under way, or was done last: how it stands, and how long it took or has taken."""

    name: str
    title: str
    state: str
    seconds: float | None
    message: str


class DeploymentOut(Schema):
    """A deployment as it is now. `failure` holds step, message and remedy of the step that failed."""

    id: UUID
    slug: str
    name: str
    status: str
    desired_state: str
    operation: str = Field(description="What is under way, or failed; empty at rest.")
    current_step: str
    failure: dict[str, Any] | None
    url: str
    app_id: UUID
    tool_slug: str = Field(alias="release.tool_id")
    version: str = Field(alias="release.version")
    previous_version: str | None = Field(description="What a rollback goes back to.")
    created_at: Moment
    updated_at: Moment
    steps: list[StepOut]

    @staticmethod
    def resolve_steps(deployment: Deployment) -> list[StepView]:
        """All steps, in their order."""
        return timeline(deployment)

    @staticmethod
    def resolve_previous_version(deployment: Deployment) -> str | None:
        """None where there is no way back."""
        return deployment.previous_release.version if deployment.previous_release else None

    @staticmethod
    def resolve_failure(deployment: Deployment) -> dict[str, Any] | None:
        """None where nothing failed."""
        return deployment.failure or None


class DeployRefusal(Schema):
    """Why nothing was launched: a sentence for people, a code for programs, and what it is about."""

    message: str
    code: str = Field(examples=["MISSING_BINDING"])
    error: str | None = Field(None, description="For `idempotency_conflict`: the code once more.")
    unknown: list[str] | None = None
    missing: list[str] | None = None
    fields: dict[str, list[str]] | None = None


class OperationRefusal(Refusal):
    """Why it makes no sense now, for programs and for people."""

    error: str = Field(examples=["operation_under_way"])
    message: str
    missing: list[str] | None = None
    fields: dict[str, list[str]] | None = None


REPEATABLE = Header(None, alias="Idempotency-Key", max_length=255, description="Sent again, it launches nothing new.")
DEPLOY = {201: Deployed, **WRITE, 400: Malformed | DeployRefusal, 404: Refusal | DeployRefusal, 409: DeployRefusal}


@router.post("/deploy", auth=writer, response=DEPLOY)
def deploy(request: MemberRequest, body: Deploy, idempotency_key: str | None = REPEATABLE) -> Status[dict[str, Any]]:
    """Launch a tool. The pipeline goes on by itself; look at the deployment to follow it."""
    if not idempotency_key:
        return Status(201, {"deploymentId": _launch(request, body).pk})
    try:
        deployment = idempotency.once(
            request.tenant, idempotency_key, body.model_dump(mode="json"), lambda: _launch(request, body)
        )
    except idempotency.Conflict:
        code, message = "idempotency_conflict", TABLE["idempotency_conflict"].message
        # In both shapes: that of this operation, and that of all others.
        raise Refused(409, headers={"Vendo-Error-Code": code}, error=code, code=code, message=message) from None
    return Status(201, {"deploymentId": deployment.pk})


@router.get("/deployments/{uuid:deployment_id}", auth=member, response={200: DeploymentOut, **READ})
def get_deployment(request: MemberRequest, deployment_id: UUID) -> Deployment:
    """One deployment."""
    return _deployment(request, deployment_id)


OPERATE = {200: Done, **WRITE, 409: OperationRefusal}


@router.post("/deployments/{uuid:deployment_id}/restart", auth=writer, response=OPERATE)
def restart(request: MemberRequest, deployment_id: UUID) -> Done:
    """Start the tool anew, with its present settings and connections."""
    return _operate(request, deployment_id, operations.restart)


@router.post("/deployments/{uuid:deployment_id}/suspend", auth=writer, response=OPERATE)
def suspend(request: MemberRequest, deployment_id: UUID) -> Done:
    """Stop the tool and keep everything."""
    return _operate(request, deployment_id, operations.suspend)


@router.post("/deployments/{uuid:deployment_id}/resume", auth=writer, response=OPERATE)
def resume(request: MemberRequest, deployment_id: UUID) -> Done:
    """Start a suspended tool."""
    return _operate(request, deployment_id, operations.resume)


@router.post("/deployments/{uuid:deployment_id}/destroy", auth=writer, response=OPERATE)
def destroy(request: MemberRequest, deployment_id: UUID) -> Done:
    """End the tool for good: process, files, variables, keys and bindings go; its record stays."""
    return _operate(request, deployment_id, operations.destroy)


@router.post("/deployments/{uuid:deployment_id}/retry", auth=writer, response=OPERATE)
def retry(request: MemberRequest, deployment_id: UUID) -> Done:
    """Go on with what failed, from the step that failed."""
    return _operate(request, deployment_id, operations.retry)


@router.post("/deployments/{uuid:deployment_id}/rollback", auth=writer, response=OPERATE)
def rollback(request: MemberRequest, deployment_id: UUID) -> Done:
    """Go back to the release before the last upgrade."""
    return _operate(request, deployment_id, operations.rollback)


@router.post("/deployments/{uuid:deployment_id}/upgrade", auth=writer, response=OPERATE)
def upgrade(request: MemberRequest, deployment_id: UUID, body: Upgrade) -> Done:
    """Move to the tool's present release."""
    verb = partial(operations.upgrade, answers=body.userVariables)
    return _operate(request, deployment_id, verb)


def _operate(request: MemberRequest, deployment_id: UUID, verb: Callable[[Deployment, User], None]) -> Done:
    """The work goes on by itself; look at the deployment to follow it."""
    try:
        verb(_deployment(request, deployment_id), request.user)
    except operations.OperationRefused as refusal:
        raise Refused(409, error=refusal.code, message=refusal.message, **refusal.details) from None
    return Done()


def _launch(request: MemberRequest, body: Deploy) -> Deployment:
    release = _release(body.toolSlug)
    if body.pendingBindings:
        unknown = sorted(body.pendingBindings)
        raise _refusal(
            "UNKNOWN_BINDING", f"Connect {', '.join(unknown)} first, then choose the connection.", unknown=unknown
        )
    chosen = {
        slug: _connection(request, slug, identity) for slug, identity in (body.bindings | body.selectedBindings).items()
    }
    try:
        return launching.launch(
            tenant=request.tenant,
            user=request.user,
            release=release,
            name=body.deploymentName or release.tool.name,
            slug=body.deploymentSlug or launching.suggest_slug(request.tenant, release.tool),
            inputs=body.userVariables,
            chosen=chosen,
        )
    except launching.LaunchRefused as refusal:
        details = {"fields": refusal.details} if refusal.code == "INVALID_INPUT" else refusal.details
        raise _refusal(refusal.code, refusal.message, **details) from None


def _deployment(request: MemberRequest, deployment_id: UUID) -> Deployment:
    found: Deployment = one_of(
        Deployment.objects.of(request.tenant).select_related("release", "previous_release", "tenant"), pk=deployment_id
    )
    return found


def _release(slug: str) -> Release:
    tool = Tool.objects.filter(slug=slug).first() if "\x00" not in slug else None
    release = tool.active_release if tool else None
    if release is None:
        raise _refusal("TOOL_NOT_FOUND", "There is no such tool in the catalogue.", status=404)
    return release


def _connection(request: MemberRequest, slug: str, identity: str) -> Connection:
    try:
        wanted = UUID(identity)
    except ValueError:
        wanted = None
    found: Connection | None = Connection.objects.of(request.tenant).filter(pk=wanted).first() if wanted else None
    if found is None:
        raise _refusal("CONNECTION_NOT_FOUND", f"This workspace has no such connection for {slug}.", status=404)
    return found


def _refusal(code: str, message: str, *, status: int | None = None, **more: Any) -> Refused:
    """The shape of deploy's errors differs from its neighbours'."""
    return Refused(status or (409 if code == "SLUG_TAKEN" else 400), message=message, code=code, **more)
