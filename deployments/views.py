"""The pages of deployments: the list, and one deployment with its connections."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from deployments import operations, pipeline
from deployments.models import Deployment
from deployments.pages import deployment_of, tab_page
from deployments.uses import uses_of
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest


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
    deployment = deployment_of(request, deployment_id)
    timeline = pipeline.timeline(deployment)
    steps_done = sum(step.state == "done" for step in timeline)
    return tab_page(request, deployment, "detail", timeline=timeline, steps_done=steps_done)


@member_required
@require_GET
@fragments("deployment-connections")
def connections(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """Which accounts it works with."""
    deployment = deployment_of(request, deployment_id)
    return tab_page(request, deployment, "connections", uses=uses_of(deployment.app))


@writer_required
@require_POST
def retry(request: MemberRequest, deployment_id: UUID) -> HttpResponse:
    """Go on from the step that failed."""
    deployment = deployment_of(request, deployment_id)
    try:
        operations.retry(deployment, request.user)
    except operations.OperationRefused as refusal:
        messages.info(request, refusal.message)
    return redirect("deployments:detail", deployment.pk)
