"""Requests brought to one host, answers made fit for popups and for htmx; once for all views."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from deployments.front_door import TOOLS

type GetResponse = Callable[[HttpRequest], HttpResponse]

ACCOUNTS = "/accounts/"
POPUP_PATHS = (ACCOUNTS, "/connections/connect/", "/api/oauth/", "/welcome", "/demo/sign-in")


def one_host(get_response: GetResponse) -> GetResponse:
    """People are brought to the host of VENDO_BASE_URL: providers send them back there, and cookies must be there too.

    Programs are not redirected: some do not follow, and none should send a key twice. The account pages answer under no
    other name whatever the method: the links they mail begin with the request's host, and Django lets any port pass,
    so a tool on this machine could have somebody's new password set on its own page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        base = urlsplit(settings.BASE_URL)
        page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if (page or request.path.startswith(ACCOUNTS)) and request.get_host() != base.netloc:
            return HttpResponseRedirect(f"{settings.BASE_URL}{request.get_full_path()}")
        return get_response(request)

    return middleware


def tools_have_no_cookies(get_response: GetResponse) -> GetResponse:
    """What running tools call reads no cookie and sets or deletes none, so no cache on the way has to heed them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(TOOLS):
            return get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = get_response(request)
        response.cookies.clear()
        others = [name for name in response.headers.get("Vary", "").split(", ") if name not in {"", "Cookie"}]
        del response.headers["Vary"]
        if others:
            response.headers["Vary"] = ", ".join(others)
        return response

    return middleware


def popup_pages(get_response: GetResponse) -> GetResponse:
    """Leave the opener reachable on every page that may appear inside a connect popup (contract section 7)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(POPUP_PATHS):
            response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    return middleware


def htmx_answers(get_response: GetResponse) -> GetResponse:
    """An htmx request that is sent to another page goes there as a whole, instead of swapping it into a fragment."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.htmx and response.status_code in (301, 302, 303):  # type: ignore[attr-defined]
            redirect = HttpResponse(status=204)
            redirect.cookies = response.cookies
            redirect.headers["HX-Redirect"] = response.headers["Location"]
            return redirect
        return response

    return middleware
