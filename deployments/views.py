"""The pages of deployments: the list, and how one of them is."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from deployments import pipeline
from deployments.models import Deployment
from deployments.objections import newer_release
from deployments.pages import deployment_of, tab_page
from deployments.timeline import operation_of
from tenants.access import member_required
from tenants.fragments import fragments
from tenants.http import MemberRequest


@member_required
@require_GET
@fragments("deployment-list")
def deployment_list(request: MemberRequest) -> HttpResponseBase:
    """Everything that runs or should; on request what was destroyed, for the record."""
    rows = Deployment.objects.of(request.tenant).select_related("release__tool")
    gone = rows.filter(status=Deployment.Status.DESTROYED)
    looking_back = "destroyed" in request.GET
    standing = rows.exclude(status=Deployment.Status.DESTROYED)
    context = {
        "deployments": gone.order_by("-updated_at") if looking_back else standing,
        "looking_back": looking_back,
        "gone": gone.count(),
    }
    return TemplateResponse(request, "deployments/list.html", context)


@member_required
@require_GET
@fragments("deployment-head", "deployment-progress")
def detail(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """How it is, and how it came to be that way."""
    deployment = deployment_of(request, deployment_id)
    timeline = pipeline.timeline(deployment)
    context: dict[str, Any] = {
        "timeline": timeline,
        "steps_done": sum(step.state == "done" for step in timeline),
        "operation": Deployment.Operation(operation_of(deployment)),
        "newer": newer_release(deployment),
    }
    return tab_page(request, deployment, "detail", **context)
