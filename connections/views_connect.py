"""The popup's way out: connect page and authorize (contract section 7). HTTP in, verbs of connect.py, HTTP out."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connections import asks, byok, inbound, intents, popup
from connections import connect as journey
from connections.errors import ConnectError, IntentRefused, KeyRefused
from connections.models import Connection, Integration
from connections.views_return import enabled, failure, remember_browser, success
from tenants.access import public, wants_json, writer_required
from tenants.http import HttpRequest, MemberRequest
from tenants.scoped import one_of

PROBLEMS: Mapping[str, tuple[int, str, str]] = {
    "unauthorized": (401, "You are signed out", "Sign in to the dashboard and connect again."),
    "provider_unknown": (
        404,
        "This provider is not available",
        "It may have been switched off. Choose another one on the Connections page.",
    ),
    "no_tenant": (
        404,
        "There is no workspace yet",
        "Open the dashboard once to set up your workspace, then connect again.",
    ),
    "oauth_client_config_missing": (
        500,
        "This provider is not set up yet",
        "The operator of this Vendo must set it up first. Nothing is wrong with your account.",
    ),
}


@public
@never_cache
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The window's first page. A key in the address is swapped for an intent before anything else happens."""
    try:
        query = popup.swapped(request.GET.dict(), request.tenant)
    except IntentRefused as refusal:
        return _problem_page(request, 403, "This connect link does not work here", refusal.message)
    if query is not None:
        return _without_referrer(redirect(f"{request.path}?{query}"))
    page: HttpResponseBase = _connect_page(request, slug)
    return page


@writer_required
def _connect_page(request: MemberRequest, slug: str) -> HttpResponseBase:
    integration = enabled(slug)
    if integration is None:
        return _problem(request, "provider_unknown")
    try:
        asked = popup.read(request.GET.dict(), request.tenant, integration)
    except IntentRefused as refusal:
        return _problem_page(request, 403, "This connect link does not work here", refusal.message)
    return _answer(request, integration, asked) if request.method == "POST" else _offer(request, integration, asked)


def _answer(request: MemberRequest, integration: Integration, asked: popup.Request) -> HttpResponseBase:
    """One of the page's forms, known by a field that no other has."""
    provider = integration.provider
    if "sign-in" in request.POST:
        return _sign_in(request, integration, asked)
    if "signing_secret" in request.POST and provider.inbound:
        return _take_in(request, integration, asked)
    if "connection" in request.POST or provider.key is None:
        return _choose(request, integration, asked)
    return _paste(request, integration, asked)


def _offer(
    request: MemberRequest,
    integration: Integration,
    asked: popup.Request,
    *,
    form: byok.KeyForm | None = None,
    questions: asks.AskForm | None = None,
    secret: inbound.NewForm | None = None,
) -> HttpResponseBase:
    """The ways to connect: an account that is there, signing in at the provider, a key, a webhook's secret."""
    renewed, provider = asked.wish.renew, integration.provider
    existing = Connection.objects.of(request.tenant).filter(integration=integration, status=Connection.Status.ACTIVE)
    # What was signed in for is renewed by signing in, a key by another key, and a secret by another secret.
    by_key = provider.key is not None and (renewed is None or renewed.is_key)
    if provider.inbound and (renewed is None or renewed.is_inbound):
        secret = secret or inbound.NewForm(request.tenant, provider, renew=renewed)
    query = request.GET.dict()
    context = {
        "integration": integration,
        "provider": provider,
        "asked": asked,
        "existing": _choices(existing, asked.wish.intent) if asked.wish.intent and renewed is None else [],
        "form": form or (byok.form_for(provider) if by_key else None),
        "sign_in": (provider.oauth or provider.broker) is not None
        and not (renewed and (renewed.is_key or renewed.is_inbound)),
        "secret": secret,
        "more": renewed.missing_scopes if renewed and renewed.status == Connection.Status.ACTIVE else [],
        "questions": questions or (asks.form_for(provider, query, renewed) if asks.are_needed(integration) else None),
        "authorize_url": _address("connections:authorize", integration.slug, popup.kept(query)),
    }
    status = 422 if form or questions or (secret and secret.is_bound) else 200
    return TemplateResponse(request, "connections/connect.html", context, status=status)


def _sign_in(request: MemberRequest, integration: Integration, asked: popup.Request) -> HttpResponseBase:
    """Off to sign in, once it is known where; what was typed in goes along, and none of it is secret."""
    questions = asks.AskForm(integration.provider, request.POST)
    if not questions.is_valid():
        return _offer(request, integration, asked, questions=questions)
    query = request.GET.dict() | asks.in_address(questions.cleaned_data)
    return redirect(_address("connections:authorize", integration.slug, popup.kept(query)))


def _choices(rows: QuerySet[Connection], intent: intents.Intent) -> list[dict[str, Any]]:
    """Accounts to choose from; those that somebody else has for themselves can be seen and not chosen."""
    found = rows.select_related("integration").prefetch_related("bindings__app")
    return [{"connection": row, "taken_by": _taken_by(row, intent)} for row in found]


def _taken_by(row: Connection, intent: intents.Intent) -> str:
    others = (b.app.name for b in row.bindings.all() if b.exclusive and str(b.app_id) != intent.id)
    return next(others, "")


def _paste(request: MemberRequest, integration: Integration, asked: popup.Request) -> HttpResponseBase:
    """A key: tried, and told like any other connect; what is wrong with it stands in the form."""
    form = byok.form_for(integration.provider, request.POST)
    if not form.is_valid():
        return _offer(request, integration, asked, form=form)
    wish = asked.wish
    try:
        connection = byok.paste(
            request.tenant, integration, form.cleaned_data, intent=wish.intent, user=request.user, renew=wish.renew
        )
    except KeyRefused as refusal:
        byok.explain(form, refusal)
        return _offer(request, integration, asked, form=form)
    return success(request, connection, wish.target_origin, wish.return_to, wish.opener_state)


def _inbound(renewed: Connection | None) -> Connection | None:
    """The one to renew, where that is a webhook's secret and nothing else."""
    return renewed if renewed and renewed.is_inbound else None


def _take_in(request: MemberRequest, integration: Integration, asked: popup.Request) -> HttpResponseBase:
    """A webhook's secret, which can't be tried: the provider's first message will show."""
    wish = asked.wish
    form = inbound.NewForm(request.tenant, integration.provider, request.POST, renew=_inbound(wish.renew))
    if not form.is_valid():
        return _offer(request, integration, asked, secret=form)
    try:
        connection = inbound.connect(request.tenant, integration, form, intent=wish.intent, user=request.user)
    except ConnectError as error:
        form.add_error(None, error.message)
        return _offer(request, integration, asked, secret=form)
    return success(request, connection, wish.target_origin, wish.return_to, wish.opener_state)


def _choose(request: MemberRequest, integration: Integration, asked: popup.Request) -> HttpResponseBase:
    """An account that is connected already is used for what the person came for."""
    rows = Connection.objects.of(request.tenant).filter(integration=integration, status=Connection.Status.ACTIVE)
    try:
        chosen = UUID(request.POST.get("connection", ""))
    except ValueError:
        raise Http404 from None
    connection: Connection = one_of(rows, pk=chosen)
    if asked.wish.intent:
        try:
            journey.choose(connection, asked.wish.intent, by=request.user)
        except ConnectError as error:
            return _problem_page(request, 409, "This account can't be used here", error.message)
    return success(request, connection, asked.wish.target_origin, asked.wish.return_to, asked.wish.opener_state)


@public
@never_cache
@require_GET
def authorize(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Off to the provider. Also an entry of its own, for which the connect page's parameters count as well."""
    query = popup.own_paths_only(request.GET.dict())
    try:
        swapped = popup.swapped(query, request.tenant)
    except IntentRefused as refusal:
        return _problem_page(request, 403, "This connect link does not work here", refusal.message)
    if swapped is not None:
        return _without_referrer(redirect(f"{request.path}?{swapped}"))
    away: HttpResponseBase = _authorize(request, slug, query)
    return away


@writer_required
def _authorize(request: MemberRequest, slug: str, query: dict[str, str]) -> HttpResponseBase:
    integration = enabled(slug)
    if integration is None or not (integration.provider.oauth or integration.provider.broker):
        return _problem(request, "provider_unknown")
    if not integration.offers_sign_in:
        return _problem(request, "oauth_client_config_missing")
    try:
        asked = popup.read(query, request.tenant, integration)
    except IntentRefused as refusal:
        return _problem_page(request, 403, "This connect link does not work here", refusal.message)
    if asks.are_needed(integration) and not asked.wish.asked:
        # Where it is asked; for an address of ours that is older than the question, say.
        return redirect(_address("connections:connect", slug, popup.kept(query)))
    started = journey.start(request.user, request.tenant, integration, asked.wish)
    if started.refusal:
        return failure(request, slug, started.attempt, started.refusal)
    response = HttpResponseRedirect(started.url)
    remember_browser(response, started.attempt, started.browser_secret)
    return response


def _address(name: str, slug: str, query: str) -> str:
    return f"{reverse(name, args=[slug])}?{query}"


def _without_referrer(response: HttpResponse) -> HttpResponse:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _problem(request: HttpRequest, code: str) -> HttpResponse:
    """An error of the authorize entry: JSON for programs, the same in words for people."""
    status, title, advice = PROBLEMS[code]
    if wants_json(request):
        return JsonResponse({"error": code}, status=status)
    return _problem_page(request, status, title, advice)


def _problem_page(request: HttpRequest, status: int, title: str, advice: str) -> HttpResponse:
    return TemplateResponse(request, "connections/problem.html", {"title": title, "advice": advice}, status=status)
