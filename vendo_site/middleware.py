"""Answers made fit for popups and for htmx, once for all views."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

type GetResponse = Callable[[HttpRequest], HttpResponse]

POPUP_PATHS = ("/accounts/", "/connections/connect/", "/api/oauth/", "/welcome", "/demo/sign-in")


def popup_pages(get_response: GetResponse) -> GetResponse:
    """Leave the opener reachable on every page that may appear inside a connect popup (contract section 7)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(POPUP_PATHS):
            response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    return middleware


def htmx_answers(get_response: GetResponse) -> GetResponse:
    """An htmx request that is sent to another page goes there as a whole, instead of swapping that page into a fragment."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.htmx and response.status_code in (301, 302, 303):  # type: ignore[attr-defined]
            redirect = HttpResponse(status=204)
            redirect.cookies = response.cookies
            redirect.headers["HX-Redirect"] = response.headers["Location"]
            return redirect
        return response

    return middleware
