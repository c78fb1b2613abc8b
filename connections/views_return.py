"""The popup's way back (contract section 7): callback, the choice of a place, and the pages that tell the opener."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest as AnyRequest
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connections import asks, attempts, intents, popup
from connections import connect as journey
from connections.catalog import Place
from connections.errors import ConnectError
from connections.models import ConnectAttempt, Connection, Integration
from tenants.access import public
from tenants.http import HttpRequest

COOKIE_SALT = "connections.attempt"
SIGNED_OUT = "You were signed out in the meantime. Sign in and connect again."


@public
@never_cache
@require_GET
def callback(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The provider sent the browser back. The page tells the opener how it went, and closes; or asks for a place."""
    query = request.GET.dict()
    attempt = _attempt(request, slug, query["state"]) if query.get("state") else None
    try:
        if enabled(slug) is None:
            raise ConnectError("provider_unknown", "This provider is not available. It may have been switched off.")
        if not query.get("state"):
            raise ConnectError("missing_params", "The provider's answer is incomplete. Connect again.")
        if attempt is None:
            raise ConnectError("oauth_state_invalid", "This sign-in is not known here. Connect again.")
        if not request.user.is_authenticated:
            raise ConnectError("oauth_state_invalid", SIGNED_OUT)
        secret = _browser_secret(request, attempt)
        connection = journey.finish(attempt, query, user=request.user, browser_secret=secret)
    except ConnectError as error:
        journey.give_up(slug, query.get("state", ""))
        return failure(request, slug, attempt, error)
    if connection is None:
        response = HttpResponseRedirect(reverse("connections:place", args=[slug, attempt.pk]))
        remember_browser(response, attempt, secret or "")
        return response
    return _told(request, attempt, connection)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def place(request: HttpRequest, slug: str, attempt_id: UUID) -> HttpResponseBase:
    """Which part of the account the connection is for. Nothing is stored until that is chosen."""
    attempt = attempts.of_person(slug, attempt_id, request.user) if request.user.is_authenticated else None
    try:
        if attempt is None or not request.user.is_authenticated:
            raise ConnectError("oauth_state_invalid", "This sign-in is not known here. Connect again.")
        secret = _browser_secret(request, attempt)
        places = journey.question(attempt, user=request.user, browser_secret=secret)
        chosen = next((place for place in places if place.id == request.POST.get("place")), None)
        if chosen is None:
            return _question(request, attempt, places)
        connection = journey.answer(attempt, chosen, user=request.user, browser_secret=secret)
    except ConnectError as error:
        return failure(request, slug, attempt, error)
    return _told(request, attempt, connection)


def success(
    request: AnyRequest, connection: Connection, origin: str, return_to: str, opener_state: str
) -> HttpResponse:
    """Connected: the opener hears it, and the window closes."""
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
    page = _page(connection.integration, origin, messages, onward)
    return TemplateResponse(request, "connections/connected.html", page | {"connection": connection})


def failure(request: AnyRequest, slug: str, attempt: ConnectAttempt | None, error: ConnectError) -> HttpResponse:
    """What happened, what to do, and Try again; the opener is told too."""
    state = {"state": attempt.opener_state} if attempt and attempt.opener_state else {}
    message = {"type": "vendo:oauth:error", "provider": slug, "code": error.code, "detail": error.message} | state
    integration = enabled(slug)
    page = _page(integration, attempt.target_origin if attempt else popup.own_origin(), [message], "")
    again = _again(slug, attempt) if integration else ""
    return TemplateResponse(request, "connections/failed.html", page | {"error": error, "again_url": again}, status=400)


def enabled(slug: str) -> Integration | None:
    """The integration, where people may connect it."""
    return Integration.objects.filter(slug=slug, enabled=True).first()


def remember_browser(response: HttpResponse, attempt: ConnectAttempt, secret: str) -> None:
    """Leave with the browser what it must bring back. One cookie an attempt, so that two windows do not disturb."""
    response.set_cookie(
        _cookie_name(attempt),
        signing.dumps(secret, salt=COOKIE_SALT),
        max_age=attempts.LIFETIME,
        path=_cookie_path(attempt),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _attempt(request: HttpRequest, slug: str, state: str) -> ConnectAttempt | None:
    """The attempt that sent this state out. Another person's is none: the page would tell of it."""
    found = attempts.of_state(slug, state)
    return None if found and request.user.is_authenticated and found.user_id != request.user.pk else found


def _question(request: HttpRequest, attempt: ConnectAttempt, places: tuple[Place, ...]) -> HttpResponse:
    context = {
        "provider": attempt.integration.provider,
        "noun": journey.noun_of(attempt),
        "places": sorted(places, key=lambda place: place.name.lower()),
        "unanswered": request.method == "POST",
    }
    status = 422 if request.method == "POST" else 200
    return TemplateResponse(request, "connections/place.html", context, status=status)


def _told(request: HttpRequest, attempt: ConnectAttempt, connection: Connection) -> HttpResponse:
    response = success(request, connection, attempt.target_origin, attempt.return_to, attempt.opener_state)
    response.delete_cookie(_cookie_name(attempt), path=_cookie_path(attempt), samesite="Lax")
    return response


def _page(integration: Integration | None, origin: str, messages: list[dict[str, Any]], onward: str) -> dict[str, Any]:
    """Context of a page that posts to its opener; `result` is what static/js/connect_result.js reads."""
    return {
        "integration": integration,
        "provider": integration.provider if integration else None,
        "result": {"messages": messages, "target_origin": origin},
        "onward": onward,
    }


def _again(slug: str, attempt: ConnectAttempt | None) -> str:
    """The connect page once more, for the same purpose, with what had been typed in."""
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
            **asks.in_address(attempt.asked),
        }
    return f"{reverse('connections:connect', args=[slug])}?{popup.kept(query)}"


def _cookie_name(attempt: ConnectAttempt) -> str:
    return f"vendo_attempt_{attempt.pk.hex}"


def _cookie_path(attempt: ConnectAttempt) -> str:
    """The callback, and the choice of a place below it."""
    return reverse("connections:callback", args=[attempt.integration_id])


def _browser_secret(request: HttpRequest, attempt: ConnectAttempt) -> str | None:
    try:
        secret: str = signing.loads(
            request.COOKIES.get(_cookie_name(attempt), ""), salt=COOKIE_SALT, max_age=attempts.LIFETIME
        )
    except signing.BadSignature:
        return None
    return secret
