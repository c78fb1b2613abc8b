"""The popup: connect page, authorize, callback (contract section 7). HTTP in, verbs of connect.py, HTTP out."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connections import byok, intents, popup
from connections import connect as journey
from connections.errors import ConnectError, IntentRefused, KeyRefused
from connections.models import ConnectAttempt, Connection, Integration
from tenants.access import public, wants_json, writer_required
from tenants.http import HttpRequest, MemberRequest
from tenants.scoped import one_of

COOKIE_SALT = "connections.attempt"

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
        "An admin must enter how people sign in, under Integrations. Nothing is wrong with your account.",
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
    integration = _integration(slug)
    if integration is None:
        return _problem(request, "provider_unknown")
    try:
        asked = popup.read(request.GET.dict(), request.tenant, integration)
    except IntentRefused as refusal:
        return _problem_page(request, 403, "This connect link does not work here", refusal.message)
    if request.method == "POST" and (integration.provider.key is None or "connection" in request.POST):
        return _choose(request, integration, asked)
    if request.method == "POST":
        return _paste(request, integration, asked)
    return _offer(request, integration, asked)


def _offer(
    request: MemberRequest, integration: Integration, asked: popup.Request, form: byok.KeyForm | None = None
) -> HttpResponseBase:
    """The ways to connect: an account that is there, signing in at the provider, a key."""
    renewed, provider = asked.wish.renew, integration.provider
    existing = Connection.objects.of(request.tenant).filter(integration=integration, status=Connection.Status.ACTIVE)
    # What was signed in for is renewed by signing in, and a key by another key.
    by_key = provider.key is not None and (renewed is None or renewed.is_key)
    authorize_url = reverse("connections:authorize", args=[integration.slug])
    context = {
        "integration": integration,
        "provider": provider,
        "asked": asked,
        "existing": _choices(existing, asked.wish.intent) if asked.wish.intent and renewed is None else [],
        "form": form or (byok.form_for(provider) if by_key else None),
        "sign_in": (provider.oauth or provider.broker) is not None and not (renewed and renewed.is_key),
        "authorize_url": f"{authorize_url}?{popup.kept(request.GET.dict())}",
    }
    return TemplateResponse(request, "connections/connect.html", context, status=422 if form else 200)


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
        return _offer(request, integration, asked, form)
    wish = asked.wish
    try:
        connection = byok.paste(
            request.tenant, integration, form.cleaned_data, intent=wish.intent, user=request.user, renew=wish.renew
        )
    except KeyRefused as refusal:
        byok.explain(form, refusal)
        return _offer(request, integration, asked, form)
    return _success(request, connection, wish.target_origin, wish.return_to, wish.opener_state)


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
    return _success(request, connection, asked.wish.target_origin, asked.wish.return_to, asked.wish.opener_state)


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
    integration = _integration(slug)
    if integration is None or not (integration.provider.oauth or integration.provider.broker):
        return _problem(request, "provider_unknown")
    if not integration.offers_sign_in:
        return _problem(request, "oauth_client_config_missing")
    try:
        asked = popup.read(query, request.tenant, integration)
    except IntentRefused as refusal:
        return _problem_page(request, 403, "This connect link does not work here", refusal.message)
    started = journey.start(request.user, request.tenant, integration, asked.wish)
    if started.refusal:
        return _failure(request, slug, started.attempt, started.refusal)
    response = HttpResponseRedirect(started.url)
    response.set_cookie(
        _cookie_name(started.attempt),
        signing.dumps(started.browser_secret, salt=COOKIE_SALT),
        max_age=journey.LIFETIME,
        path=reverse("connections:callback", args=[slug]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@public
@never_cache
@require_GET
def callback(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The provider sent the browser back. The page tells the opener how it went, and closes."""
    query = request.GET.dict()
    attempt = _attempt(request, slug, query["state"]) if query.get("state") else None
    try:
        if _integration(slug) is None:
            raise ConnectError("provider_unknown", "This provider is not available. It may have been switched off.")
        if not query.get("state"):
            raise ConnectError("missing_params", "The provider's answer is incomplete. Connect again.")
        if attempt is None:
            raise ConnectError("oauth_state_invalid", "This sign-in is not known here. Connect again.")
        if not request.user.is_authenticated:
            raise ConnectError("oauth_state_invalid", "You were signed out in the meantime. Sign in and connect again.")
        secret = _browser_secret(request, attempt)
        connection = journey.finish(attempt, query, user=request.user, browser_secret=secret)
    except ConnectError as error:
        journey.give_up(slug, query.get("state", ""))
        return _failure(request, slug, attempt, error)
    response = _success(request, connection, attempt.target_origin, attempt.return_to, attempt.opener_state)
    response.delete_cookie(_cookie_name(attempt), path=request.path, samesite="Lax")
    return response


def _attempt(request: HttpRequest, slug: str, state: str) -> ConnectAttempt | None:
    """The attempt that sent this state out. Another person's is none: the page would tell of it."""
    found = journey.attempt_of(slug, state)
    return None if found and request.user.is_authenticated and found.user_id != request.user.pk else found


def _success(
    request: HttpRequest, connection: Connection, origin: str, return_to: str, opener_state: str
) -> HttpResponse:
    state = {"state": opener_state} if opener_state else {}
    slug, identity = connection.integration_id, str(connection.pk)
    messages: list[dict[str, Any]] = [
        {"type": "vendo:connection-completed", "slug": slug, "connectionId": identity} | state,
        {
            "type": "vendo:oauth:done",
            "provider": slug,
            "connection_id": identity,
            "external_id": connection.external_id,
            "display_name": connection.display_name,
            "return_url": return_to or None,
        }
        | state,
    ]
    onward = popup.returning(return_to, connection, opener_state) if return_to else ""
    page = _page(request, connection.integration, origin, messages, onward)
    return TemplateResponse(request, "connections/connected.html", page | {"connection": connection})


def _failure(request: HttpRequest, slug: str, attempt: ConnectAttempt | None, error: ConnectError) -> HttpResponse:
    """What happened, what to do, and Try again; the opener is told too."""
    state = {"state": attempt.opener_state} if attempt and attempt.opener_state else {}
    message = {"type": "vendo:oauth:error", "provider": slug, "code": error.code, "detail": error.message} | state
    integration = _integration(slug)
    page = _page(request, integration, attempt.target_origin if attempt else popup.own_origin(), [message], "")
    again = _again(slug, attempt) if integration else ""
    return TemplateResponse(request, "connections/failed.html", page | {"error": error, "again_url": again}, status=400)


def _page(
    request: HttpRequest, integration: Integration | None, origin: str, messages: list[dict[str, Any]], onward: str
) -> dict[str, Any]:
    """Context of a page that posts to its opener; `result` is what static/js/connect_result.js reads."""
    return {
        "integration": integration,
        "provider": integration.provider if integration else None,
        "result": {"messages": messages, "target_origin": origin},
        "onward": onward,
    }


def _again(slug: str, attempt: ConnectAttempt | None) -> str:
    """The connect page once more, for the same purpose."""
    query: dict[str, str] = {}
    if attempt:
        intent = intents.sign(intents.Intent(**attempt.intent)) if attempt.intent else ""
        renewed = str(attempt.connection_id) if attempt.connection_id else ""
        query = {
            "intent": intent,
            "opener_origin": attempt.target_origin,
            "return_to": attempt.return_to,
            "state": attempt.opener_state,
            "connection": renewed,
        }
    return f"{reverse('connections:connect', args=[slug])}?{popup.kept(query)}"


def _integration(slug: str) -> Integration | None:
    return Integration.objects.filter(slug=slug, enabled=True).first()


def _cookie_name(attempt: ConnectAttempt) -> str:
    """One cookie an attempt, so that two windows do not disturb each other."""
    return f"vendo_attempt_{attempt.pk.hex}"


def _browser_secret(request: HttpRequest, attempt: ConnectAttempt) -> str | None:
    try:
        secret: str = signing.loads(
            request.COOKIES.get(_cookie_name(attempt), ""), salt=COOKIE_SALT, max_age=journey.LIFETIME
        )
    except signing.BadSignature:
        return None
    return secret


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
