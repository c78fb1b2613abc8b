"""The page of one connection's API keys."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connections.models import Connection
from deployments import keys
from deployments.forms import KeyForm
from deployments.models import ApiKey
from deployments.quickstart import command
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of


@member_required
@require_GET
@fragments("connection-keys")
def connection_keys(request: MemberRequest, connection_id: UUID) -> HttpResponseBase:
    """Keys that open this connection alone."""
    return _page(request, _connection(request, connection_id))


@writer_required
@never_cache
@require_POST
@fragments("connection-keys")
def connection_mint_key(request: MemberRequest, connection_id: UUID) -> HttpResponseBase:
    """A new key. Its text is in this one answer and nowhere else."""
    connection = _connection(request, connection_id, status__in=Connection.LIVE)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, connection, key_form=form, status=422)
    key, secret = keys.mint_for_connection(
        connection, form.cleaned_data["name"], by=request.user, expires_at=form.expires_at
    )
    return _page(request, connection, new_key=key, secret=secret)


@writer_required
@require_POST
def connection_revoke_key(request: MemberRequest, connection_id: UUID, key_id: UUID) -> HttpResponse:
    """End a key; whoever uses it is refused from the next request on."""
    key: ApiKey = one_of(ApiKey.objects.of(request.tenant).filter(connection_id=connection_id), pk=key_id)
    keys.revoke(key, by=request.user)
    messages.success(request, f"“{key.name}” is revoked. Programs that use it are refused from now on.")
    return redirect("deployments:connection-keys", connection_id)


def _connection(request: MemberRequest, connection_id: UUID, **lookup: Any) -> Connection:
    rows = Connection.objects.of(request.tenant).select_related("integration")
    found: Connection = one_of(rows, pk=connection_id, **lookup)
    return found


def _page(request: MemberRequest, connection: Connection, *, status: int = 200, **context: Any) -> HttpResponse:
    page = {
        "connection": connection,
        "here": "connections",  # the place in the navigation
        "keys": keys.listed(ApiKey.objects.of(request.tenant).filter(connection=connection)),
        "key_form": KeyForm(),
        "command": command(connection.integration_id),
    }
    return TemplateResponse(request, "deployments/connection_keys.html", page | context, status=status)
