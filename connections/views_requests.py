"""Asking for a provider that is not there, and taking it back; both on the Connections page."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from connections import requests
from connections.forms import RequestForm
from connections.models import IntegrationRequest
from connections.requests import RequestRefused
from connections.views import list_page
from tenants.access import writer_required
from tenants.http import MemberRequest
from tenants.scoped import one_of


@writer_required
@require_POST
def ask(request: MemberRequest) -> HttpResponseBase:
    """Ask for a provider."""
    form = RequestForm(request.POST)
    if form.is_valid():
        try:
            requests.ask(form.instance, request.tenant, request.user)
        except RequestRefused as refusal:
            form.add_error(refusal.field, refusal.message)
    if form.errors:
        return list_page(request, form=form, asking=True, status=422)
    messages.success(request, f"You asked for {form.instance.name}. The answer will appear here.")
    return _back()


@writer_required
@require_POST
def withdraw(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """Take back what one asked for."""
    rows = IntegrationRequest.objects.of(request.tenant)
    wanted: IntegrationRequest = one_of(rows.filter(status__in=IntegrationRequest.PENDING), pk=request_id)
    if not requests.may_withdraw(wanted, request.membership):
        raise PermissionDenied("Only who asked, or an owner of the workspace, can withdraw this request.")
    requests.withdraw(wanted, request.user)
    messages.success(request, f"You no longer ask for {wanted.name}.")
    return _back()


def _back() -> HttpResponse:
    return redirect(f"{reverse('connections:list')}#connections-requests")
