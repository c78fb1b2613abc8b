"""The pages of apps: the list, and one app with its keys, its connections and how to use it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections import intents
from connections.intents import Intent
from deployments import keys
from deployments.forms import KeyForm, OriginsForm, ProjectForm
from deployments.models import ApiKey, App, Deployment
from deployments.projects import OriginRefused, allow_origins, create_project
from deployments.quickstart import quickstart
from deployments.uses import uses_of
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of


@member_required
@require_GET
@fragments("app-list")
def app_list(request: MemberRequest) -> HttpResponseBase:
    """Projects, and the apps behind deployments."""
    rows = App.objects.of(request.tenant).exclude(deployment__status=Deployment.Status.DESTROYED)
    apps = rows.select_related("deployment").annotate(
        key_count=Count("keys", filter=Q(keys__revoked_at=None), distinct=True), last_used_at=Max("keys__last_used_at")
    )
    projects = [app for app in apps if app.kind == App.Kind.PROJECT]
    deployed = [app for app in apps if app.kind == App.Kind.DEPLOYMENT]
    return TemplateResponse(request, "deployments/apps.html", {"projects": projects, "deployed": deployed})


@writer_required
@require_http_methods(["GET", "POST"])
def app_new(request: MemberRequest) -> HttpResponseBase:
    """Name a project; its page has the keys."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        app = create_project(request.tenant, form.cleaned_data["name"])
        messages.success(request, "Your project is ready. Create a key to use it.")
        return redirect("deployments:app", app.pk)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "deployments/app_new.html", {"form": form}, status=status)


@member_required
@require_GET
@fragments("app-bindings")
def app(request: MemberRequest, app_id: UUID) -> HttpResponseBase:
    """One app: its keys, the accounts it uses, and the lines a developer pastes."""
    return _page(request, _app(request, app_id))


@writer_required
@never_cache
@require_POST
@fragments("app-keys")
def app_mint_key(request: MemberRequest, app_id: UUID) -> HttpResponseBase:
    """A new key. Its text is in this one answer and nowhere else: not in the session, not in an address."""
    found = _app(request, app_id)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, key_form=form, status=422)
    key, secret = keys.mint(found, form.cleaned_data["name"], by=request.user, expires_at=form.expires_at)
    return _page(request, found, new_key=key, secret=secret)


@writer_required
@require_POST
def app_revoke_key(request: MemberRequest, app_id: UUID, key_id: UUID) -> HttpResponse:
    """End a key; whoever uses it is refused from the next request on."""
    key: ApiKey = one_of(ApiKey.objects.of(request.tenant).filter(app_id=app_id), pk=key_id)
    keys.revoke(key, by=request.user)
    messages.success(request, f"“{key.name}” is revoked. Programs that use it are refused from now on.")
    return redirect("deployments:app", app_id)


@writer_required
@require_POST
def app_origins(request: MemberRequest, app_id: UUID) -> HttpResponseBase:
    """Who else may be told how a connect went."""
    found = _app(request, app_id, kind=App.Kind.PROJECT)
    form = OriginsForm(request.POST)
    if form.is_valid():
        try:
            allow_origins(found, form.cleaned_data["origins"])
        except OriginRefused as refusal:
            form.add_error("origins", refusal.message)
    if form.errors:
        return _page(request, found, origins_form=form, status=422)
    messages.success(request, "Allowed origins saved.")
    return redirect("deployments:app", app_id)


def _app(request: MemberRequest, app_id: UUID, **lookup: Any) -> App:
    standing = App.objects.of(request.tenant).exclude(deployment__desired_state=Deployment.Desired.DESTROYED)
    rows = standing.select_related("deployment__release__tool", "tenant")
    found: App = one_of(rows, pk=app_id, **lookup)
    return found


def _page(request: MemberRequest, found: App, *, status: int = 200, **context: Any) -> HttpResponse:
    uses = uses_of(found)
    page = {
        "app": found,
        "project": found.kind == App.Kind.PROJECT,
        "deployment": getattr(found, "deployment", None),
        "keys": keys.listed(found.keys.all()),
        "uses": uses,
        "intent": intents.sign(Intent("app", str(found.pk))),
        "key_form": KeyForm(),
        "origins_form": OriginsForm(initial={"origins": "\n".join(found.allowed_origins)}),
        "quickstart": quickstart(uses),
    }
    return TemplateResponse(request, "deployments/app.html", page | context, status=status)
