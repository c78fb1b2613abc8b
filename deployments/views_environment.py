"""The environment tab of a deployment."""

from uuid import UUID

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET

from deployments.pages import deployment_of, tab_page
from tenants.access import member_required
from tenants.fragments import fragments
from tenants.http import MemberRequest


@member_required
@require_GET
@fragments("deployment-variables")
def environment(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """The names of its variables, and where each comes from. Values stay in the vault."""
    deployment = deployment_of(request, deployment_id)
    # Not even the envelopes are loaded: what is not there can't leak.
    variables = deployment.variables.defer("value").select_related("integration").order_by("kind", "name")
    return tab_page(request, deployment, "environment", variables=variables)
