"""The log tab of a deployment."""

from uuid import UUID

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET

from deployments import runtimes
from deployments.pages import deployment_of, tab_page
from tenants.access import member_required
from tenants.fragments import fragments
from tenants.http import MemberRequest

OUTPUT_LINES = 200


@member_required
@require_GET
@fragments("deployment-log", "deployment-output")
def logs(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What the deploy did, and what the tool wrote."""
    deployment = deployment_of(request, deployment_id)
    output = runtimes.current().logs(deployment, OUTPUT_LINES)
    return tab_page(request, deployment, "logs", lines=deployment.logs.all(), output=output)
