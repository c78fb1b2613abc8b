"""What providers sent, of a deployment and of a connection, and how to have it sent once more."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from connections import inbound
from connections.models import Connection
from connections.vault import VaultError
from deployments import deliveries, tasks
from deployments.deliveries import RedeliveryRefused
from deployments.forwarding import path_of
from deployments.pages import deployment_of, tab_page
from deployments.webhook_delivery import WebhookDelivery
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of

PER_PAGE = 50
CHANGED = {"HX-Trigger": "webhooks-changed"}


@member_required
@require_GET
@fragments("deployment-webhooks")
def webhooks(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What this deployment was sent, newest first, a page at a time."""
    deployment = deployment_of(request, deployment_id)
    rows = WebhookDelivery.objects.of(request.tenant).filter(deployment=deployment)
    bound = Connection.objects.of(request.tenant).filter(bindings__app=deployment.app_id).select_related("integration")
    sources = [(row, path_of(row.integration_id)) for row in bound if row.integration.provider.webhook]
    return tab_page(request, deployment, "webhooks", sources=sources, **_log(request, rows))


@member_required
@require_GET
@fragments("connection-webhooks")
def connection_webhooks(request: MemberRequest, connection_id: UUID) -> HttpResponseBase:
    """What came for this connection, and the address that the provider needs."""
    return _page(request, _connection(request, connection_id))


@writer_required
@require_POST
def webhook_secret(request: MemberRequest, connection_id: UUID) -> HttpResponseBase:
    """Keep the secret with which the provider signs."""
    connection = _connection(request, connection_id, status__in=Connection.LIVE)
    form = inbound.SecretForm(connection.integration.provider, request.POST)
    if not inbound.is_pasted(connection):
        messages.info(request, "This secret is made here; there is nothing to paste.")
    elif not form.is_valid():
        return _page(request, connection, form=form, status=422)
    else:
        inbound.keep(connection, form.secret, by=request.user)
        messages.success(request, "The secret is stored. What comes is verified with it from now on.")
    return redirect("deployments:connection-webhooks", connection.pk)


@writer_required
@require_POST
def redeliver(request: MemberRequest, connection_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Have it sent once more. htmx is told in its own way: the list fetches itself anew."""
    rows = WebhookDelivery.objects.of(request.tenant).filter(connection_id=connection_id)
    row: WebhookDelivery = one_of(rows.select_related("connection", "deployment"), pk=delivery_id)
    try:
        deliveries.redeliver(row, by=request.user)
    except RedeliveryRefused as refusal:
        if request.htmx:
            return JsonResponse({"error": "not_redelivered", "message": refusal.message}, status=409)
        messages.info(request, refusal.message)
    else:
        tasks.redeliver.enqueue(str(row.pk))
    if request.htmx:
        return HttpResponse(status=204, headers=CHANGED)
    if "deployment" in request.POST and row.deployment_id:
        return redirect("deployments:webhooks", row.deployment_id)
    return redirect("deployments:connection-webhooks", connection_id)


def _connection(request: MemberRequest, connection_id: UUID, **lookup: Any) -> Connection:
    """A connection whose provider sends webhooks; a 404 for others."""
    rows = Connection.objects.of(request.tenant).select_related("integration", "tenant")
    found: Connection = one_of(rows.filter(integration__in=deliveries.sending()), pk=connection_id, **lookup)
    return found


def _page(
    request: MemberRequest, connection: Connection, *, form: inbound.SecretForm | None = None, status: int = 200
) -> HttpResponse:
    provider = connection.integration.provider
    try:
        has_secret = inbound.has_secret(connection)
    except VaultError:
        has_secret = False
    rows = WebhookDelivery.objects.of(request.tenant).filter(connection=connection)
    context = {
        "connection": connection,
        "here": "connections",  # the place in the navigation
        "address": inbound.address(connection.external_id),
        "users": deliveries.bound(connection),
        "path": path_of(provider.slug),
        "has_secret": has_secret,
        "form": form or inbound.SecretForm(provider) if inbound.is_pasted(connection) else None,
    }
    return TemplateResponse(
        request, "deployments/connection_webhooks.html", context | _log(request, rows), status=status
    )


def _log(request: MemberRequest, rows: QuerySet[WebhookDelivery]) -> dict[str, Any]:
    """A page of rows, which of them can be sent once more, and whether one is still on its way."""
    found = rows.select_related("connection__integration", "deployment").defer("message")
    page: Page[WebhookDelivery] = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    at_rest = [row.pk for row in page if not deliveries.is_under_way(row)]
    kept = set(rows.filter(pk__in=at_rest, message__isnull=False).values_list("pk", flat=True))
    return {"entries": page, "kept": kept, "under_way": len(at_rest) < len(page)}
