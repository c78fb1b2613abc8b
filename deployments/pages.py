"""What all pages of one deployment share: how it is fetched, and the frame around their tab."""

from typing import Any
from uuid import UUID

from django.template.response import TemplateResponse

from connections import intents
from connections.intents import Intent
from deployments import changes, deliveries
from deployments.failures import failure_of
from deployments.manifest import published
from deployments.models import Deployment
from deployments.monitor import last_finding
from deployments.objections import possible
from tenants.http import MemberRequest
from tenants.scoped import one_of


def deployment_of(request: MemberRequest, deployment_id: UUID) -> Deployment:
    """The workspace's deployment of that id, or a 404."""
    rows = Deployment.objects.of(request.tenant).select_related("app", "release__tool", "previous_release", "tenant")
    deployment: Deployment = one_of(rows, pk=deployment_id)
    return deployment


def tab_page(
    request: MemberRequest, deployment: Deployment, tab: str, *, status: int = 200, **context: Any
) -> TemplateResponse:
    """The template of a tab, with head and tabs around it."""
    frame = {
        "deployment": deployment,
        "tab": tab,
        "intent": intents.sign(Intent("app", str(deployment.app_id))),
        "failure": failure_of(deployment),
        "finding": last_finding(deployment),
        "possible": possible(deployment) if request.membership.may_write else frozenset(),
        "sends": _is_sent_webhooks(deployment),
        "restart_changes": changes.restart_changes(deployment),
    }
    return TemplateResponse(request, f"deployments/{tab}.html", frame | context, status=status)


def _is_sent_webhooks(deployment: Deployment) -> bool:
    """Whether a provider may send it something, or has."""
    declared = {use.slug for use in published(deployment.release).integrations}
    return bool(declared.intersection(deliveries.sending())) or deployment.deliveries.exists()
