"""The activity tab of a deployment: who did what to it."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponseBase
from django.views.decorators.http import require_GET

from deployments.activity import history
from deployments.pages import deployment_of, tab_page
from tenants.access import member_required
from tenants.fragments import fragments
from tenants.http import MemberRequest

PER_PAGE = 50


@member_required
@require_GET
@fragments("deployment-activity")
def activity(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """Everything that was done, newest first, a page at a time."""
    deployment = deployment_of(request, deployment_id)
    entries = Paginator(history(deployment), PER_PAGE).get_page(request.GET.get("page"))
    return tab_page(request, deployment, "activity", entries=entries)
