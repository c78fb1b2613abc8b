"""The door through which running tools come in: who is asking, and an answer in the envelope whatever happens.

    @front_door             refusals, wrong methods and crashes leave in the contract's envelope (section 2)
    @key_required           the same, and `request.key` is the key that was sent

Both exempt from CSRF protection, which is about cookies: nothing behind this door looks at one.
"""

import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.views import defaults as default_views
from django.views.decorators.csrf import csrf_exempt

from deployments import keys
from deployments.errors import ApiError, render
from deployments.models import ApiKey
from tenants.access import View

logger = logging.getLogger(__name__)

TOOLS = ("/credentials", "/api/deployments/me/", "/api/integrations", "/api/billing", "/proxy/", "/hooks/", "/logos/")
BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
FAILURES = 60  # failed authentications from one address in one window
WINDOW = 60  # seconds


class KeyRequest(HttpRequest):
    """A request behind `key_required`."""

    key: ApiKey


def front_door(*methods: str, access: str = "public") -> Callable[[Callable[..., HttpResponse]], View]:
    """The view takes `methods` (any, if none are named), and may raise `ApiError`."""

    def decorate(view: Callable[..., HttpResponse]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if methods and request.method not in methods:
                    raise ApiError("method_not_allowed", headers={"Allow": ", ".join(methods)})
                response = view(request, *args, **kwargs)
            except ApiError as error:
                return render(error)
            except SuspiciousOperation:
                return render(
                    ApiError("validation_failed", "The request is larger or more complicated than this address takes.")
                )
            except Exception as error:  # noqa: BLE001  (the last resort; `crashed` logs it)
                return render(crashed(error, request.method or "", request.path))
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        guarded.access = access  # type: ignore[attr-defined]
        return csrf_exempt(guarded)

    return decorate


def key_required(*methods: str) -> Callable[[Callable[..., HttpResponse]], View]:
    """As `front_door`, for callers with a usable API key."""

    def decorate(view: Callable[..., HttpResponse]) -> View:
        @wraps(view)
        def identified(request: KeyRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            request.key = identify(request.headers.get("Authorization", ""), request.META.get("REMOTE_ADDR", ""))
            return view(request, *args, **kwargs)

        return front_door(*methods, access="key")(identified)

    return decorate


def identify(authorization: str, address: str) -> ApiKey:
    """The key in an Authorization header. Too many failures from one address turn into `rate_limited`.

    Keys have 192 random bits and are not found by trying; the limit spares the database. It is looked at only after a
    failure, so that a stranger behind the same address can't shut out a tool whose key is good.
    """
    try:
        return keys.authenticate(bearer(authorization))
    except ApiError:
        count_failure(address, "API key")
        raise


def bearer(authorization: str) -> str | None:
    """What an Authorization header bears, if it is of that kind (RFC 6750 section 2.1)."""
    match = BEARER.fullmatch(authorization)
    return match[1] if match else None


def count_failure(address: str, what: str) -> None:
    """One more request of this address whose `what` was bad. Raises `rate_limited` where they are too many."""
    window, into = divmod(time.time(), WINDOW)
    counter = f"api-failures:{_neighbourhood(address)}:{int(window)}"
    cache.add(counter, 0, timeout=WINDOW)
    try:
        failures = cache.incr(counter)
    except ValueError:  # dropped between the two calls
        return
    if failures > FAILURES:
        raise ApiError(
            "rate_limited",
            f"Too many requests with a bad {what}. Wait, then send a good one.",
            retry_after=int(WINDOW - into) + 1,
        )


def _neighbourhood(address: str) -> str:
    """An IPv6 subscriber has 2⁶⁴ addresses, so those count together."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The site's handler400: what Django refuses before it finds a view (a wrong Host), for tools in the envelope."""
    if request.path.startswith(TOOLS):
        return render(ApiError("validation_failed", "This request can't be read. Check its address and headers."))
    return default_views.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The site's handler500: what breaks outside of a view, for tools in the envelope. Django has logged it."""
    return render(ApiError("internal_error")) if request.path.startswith(TOOLS) else default_views.server_error(request)


def crashed(error: Exception, method: str, path: str) -> ApiError:
    """Our bug: the trace goes to the log, and the client gets its number."""
    number = f"req_{secrets.token_hex(8)}"
    logger.error("%s: %s %r failed", number, method, path, exc_info=error)
    return ApiError(
        "internal_error", f"Something went wrong on our side. Try again; if it stays, report request {number}."
    )
