"""The environment tab of a deployment: settings to change, and all variables, whose values show on a click."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connections.vault import VaultError
from deployments import answers, disclosure
from deployments.models import Deployment, EnvironmentVariable
from deployments.pages import deployment_of, tab_page
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of

Kind = EnvironmentVariable.Kind
# People's own first, since these are what they come for.
ORDER = Case(
    *(When(kind=kind, then=Value(place)) for place, kind in enumerate((Kind.USER, Kind.INTEGRATION, Kind.SYSTEM))),
    output_field=IntegerField(),
)


@member_required
@require_GET
@never_cache
@fragments("deployment-variables")
def environment(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """The settings as a form, for whoever may write, and the names of all variables. Their values stay in the vault."""
    return _page(request, deployment_of(request, deployment_id))


@writer_required
@require_POST
@never_cache
def save(request: MemberRequest, deployment_id: UUID) -> HttpResponse:
    """Change settings. The tool gets them with its next start, which the page then offers."""
    deployment = deployment_of(request, deployment_id)
    form = answers.form_of(deployment, request.POST)
    try:
        changed = answers.save(deployment, form, request.user) if form.is_valid() else []
    except answers.Gone:
        messages.error(request, f"{deployment.name} was destroyed, and its settings with it.")
        return redirect("deployments:detail", deployment.pk)
    if form.errors:
        return _page(request, deployment, form, status=422)
    messages.success(request, f"Saved {', '.join(changed)}." if changed else "Nothing was changed.")
    return redirect("deployments:environment", deployment.pk)


@writer_required
@require_POST
@never_cache
@fragments("deployment-variables")
def reveal(request: MemberRequest, deployment_id: UUID, variable_id: UUID) -> HttpResponseBase:
    """The same page with one value in it. Whoever looks is written down."""
    deployment = deployment_of(request, deployment_id)
    variable = one_of(_variables(deployment), pk=variable_id)
    shown: dict[str, Any]
    try:
        shown = {"value": disclosure.disclose(variable, request.user)}
    except disclosure.NotShown:
        shown = {"refusal": "API keys are shown once, when they are made."}
    except VaultError:
        shown = {"refusal": "This value does not open: its vault key is not here. Ask an operator."}
    return _page(request, deployment, revealed=variable.pk, **shown)


def _page(
    request: MemberRequest,
    deployment: Deployment,
    form: forms.Form | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    # Envelopes are loaded for the form alone, and only where it is shown: what is not there can't leak.
    may_change = request.membership.may_write and deployment.status != Deployment.Status.DESTROYED
    if may_change and form is None:
        form = answers.form_of(deployment)
    context |= {
        "form": form,
        "variables": _variables(deployment).defer("value"),
        "never_shown": disclosure.NEVER_SHOWN,
    }
    return tab_page(request, deployment, "environment", status=status, **context)


def _variables(deployment: Deployment) -> QuerySet[EnvironmentVariable]:
    rows: QuerySet[EnvironmentVariable] = deployment.variables.select_related("integration", "deployment__tenant")
    return rows.order_by(ORDER, "name")
