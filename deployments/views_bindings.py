"""The Connections tab of a deployment: which accounts it uses, and how that is changed."""

from typing import Literal
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from connections.models import Connection
from deployments import bindings, rebind
from deployments.bindings import BindingRefused
from deployments.models import Deployment
from deployments.pages import deployment_of, tab_page
from deployments.uses import AppUse, choosable, uses_of
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of


@member_required
@require_GET
@fragments("deployment-connections")
def connections(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """Which accounts it works with."""
    deployment = deployment_of(request, deployment_id)
    return tab_page(request, deployment, "connections", rows=choosable(deployment.app, uses_of(deployment.app)))


@writer_required
@require_POST
def bind(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """Use another account from now on."""
    deployment, connection = _alive(request, deployment_id), _connection(request)
    try:
        bindings.bind(deployment.app, connection, by=request.user)
    except BindingRefused as refusal:
        return _told(request, deployment, "error", refusal.message)
    return _told(request, deployment, "success", _sentence(deployment, connection))


@writer_required
@require_http_methods(["GET", "POST"])
def unbind(request: MemberRequest, deployment_id: UUID, slug: str) -> HttpResponseBase:
    """Take an account away. The page says first what the tool loses."""
    deployment = _alive(request, deployment_id)
    use = _bound(deployment, slug)
    if request.method == "GET":
        page = tab_page(request, deployment, "unbind", use=use)
        page.context_data = {**(page.context_data or {}), "tab": "connections"}
        return page
    bindings.unbind(deployment.app, slug, by=request.user)
    name = use.integration.provider.name
    sentence = f"{deployment.name} no longer uses {name}. The account itself stays connected."
    return _told(request, deployment, "success", sentence)


def _told(
    request: MemberRequest, deployment: Deployment, level: Literal["success", "error"], text: str
) -> HttpResponse:
    """Whoever sent a form goes back to the tab; on an open tab htmx shows the sentence, and the list fetches itself."""
    if not request.htmx:
        getattr(messages, level)(request, text)
        return redirect("deployments:connections", deployment.pk)
    response = HttpResponse(status=204)
    trigger_client_event(response, "vendo-toast", {"text": text, "tone": "ok" if level == "success" else level})
    return trigger_client_event(response, f"bindings-{deployment.app_id}-changed")


def _sentence(deployment: Deployment, connection: Connection) -> str:
    done = f"{connection.integration.provider.name} is now {connection.display_name}."
    restarts = rebind.restarts_by_itself(deployment, connection.integration_id)
    return f"{done} {deployment.name} restarts with it." if restarts else done


def _alive(request: MemberRequest, deployment_id: UUID) -> Deployment:
    deployment = deployment_of(request, deployment_id)
    if deployment.desired_state == Deployment.Desired.DESTROYED:
        raise Http404
    return deployment


def _connection(request: MemberRequest) -> Connection:
    """The account that the form names, if it is the workspace's."""
    rows = Connection.objects.of(request.tenant).select_related("integration").filter(integration__enabled=True)
    try:
        identity = UUID(request.POST.get("connection", ""))
    except ValueError:
        raise Http404 from None
    connection: Connection = one_of(rows, pk=identity)
    return connection


def _bound(deployment: Deployment, slug: str) -> AppUse:
    found = next((use for use in uses_of(deployment.app) if use.binding and use.integration.slug == slug), None)
    if found is None:
        raise Http404
    return found
