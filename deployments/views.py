"""The pages of deployments: the list, and one deployment with its connections, logs and environment."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from connections import intents
from connections.intents import Intent
from deployments import launch, pipeline, runtimes
from deployments.failures import failure_of
from deployments.models import Deployment
from deployments.uses import uses_of
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of

OUTPUT_LINES = 200


@member_required
@require_GET
@fragments("deployment-list")
def deployment_list(request: MemberRequest) -> HttpResponseBase:
    """Everything that runs or should."""
    rows = Deployment.objects.of(request.tenant).select_related("release__tool")
    context = {"deployments": rows.exclude(status=Deployment.Status.DESTROYED)}
    return TemplateResponse(request, "deployments/list.html", context)


@member_required
@require_GET
@fragments("deployment-head", "deployment-progress")
def detail(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """How it is, and how it came to be that way."""
    deployment = _deployment(request, deployment_id)
    timeline = pipeline.timeline(deployment)
    steps_done = sum(step.state == "done" for step in timeline)
    return _page(request, deployment, "detail", timeline=timeline, steps_done=steps_done)


@member_required
@require_GET
@fragments("deployment-connections")
def connections(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """Which accounts it works with."""
    deployment = _deployment(request, deployment_id)
    return _page(request, deployment, "connections", uses=uses_of(deployment.app))


@member_required
@require_GET
@fragments("deployment-log", "deployment-output")
def logs(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What the deploy did, and what the tool wrote."""
    deployment = _deployment(request, deployment_id)
    output = runtimes.current().logs(deployment, OUTPUT_LINES)
    return _page(request, deployment, "logs", lines=deployment.logs.all(), output=output)


@member_required
@require_GET
@fragments("deployment-variables")
def environment(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """The names of its variables, and where each comes from. Values stay in the vault."""
    deployment = _deployment(request, deployment_id)
    # Not even the envelopes are loaded: what is not there can't leak.
    variables = deployment.variables.defer("value").select_related("integration").order_by("kind", "name")
    return _page(request, deployment, "environment", variables=variables)


@writer_required
@require_POST
def retry(request: MemberRequest, deployment_id: UUID) -> HttpResponse:
    """Go on from the step that failed."""
    deployment = _deployment(request, deployment_id)
    if deployment.status == Deployment.Status.FAILED:
        launch.retry(deployment)
    else:
        messages.info(request, "There is nothing to retry: the last deploy did not fail.")
    return redirect("deployments:detail", deployment.pk)


def _deployment(request: MemberRequest, deployment_id: UUID) -> Deployment:
    rows = Deployment.objects.of(request.tenant).select_related("app", "release__tool", "tenant")
    deployment: Deployment = one_of(rows, pk=deployment_id)
    return deployment


def _page(request: MemberRequest, deployment: Deployment, tab: str, **context: Any) -> HttpResponse:
    frame = {
        "deployment": deployment,
        "tab": tab,
        "intent": intents.sign(Intent("app", str(deployment.app_id))),
        "failure": failure_of(deployment),
    }
    return TemplateResponse(request, f"deployments/{tab}.html", frame | context)
