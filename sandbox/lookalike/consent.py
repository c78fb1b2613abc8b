"""The consent page: choose one of the two accounts, allow or deny. Nobody needs to sign in."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError

from lookalike.accounts import PEOPLE
from lookalike.control import switches
from lookalike.validator import Core, is_google


@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """RFC 6749 section 4.1.1: ask the person, then send the browser back with a code or an error."""
    core = Core()
    try:
        scopes, credentials = core.validate_authorization_request(request)
    except FatalClientError as error:
        return _unusable(request, error)
    except OAuthToolkitError as error:
        said = error.oauthlib_error
        return _back(said.redirect_uri, {"error": said.error, "state": said.state})
    if switches.authorize_error:
        return _back(credentials["redirect_uri"], {"error": switches.authorize_error, "state": credentials["state"]})
    if request.method == "GET":
        return _page(request, scopes)
    return _answer(request, core, scopes, credentials)


def _answer(request: HttpRequest, core: Core, scopes: list[str], credentials: dict[str, Any]) -> HttpResponse:
    person = PEOPLE.get(request.POST.get("account", ""))
    if request.POST.get("allow") != "yes" or person is None:
        return _back(credentials["redirect_uri"], {"error": "access_denied", "state": credentials["state"]})
    request.user = User.objects.get(username=person.key)
    offline = is_google(request.path) and request.GET.get("access_type") == "offline"
    granted = [*scopes, "offline"] if offline else scopes
    address, _, _, _ = core.create_authorization_response(request, granted, credentials, allow=True)
    return HttpResponse(status=302, headers={"Location": address})


def _page(request: HttpRequest, scopes: list[str]) -> HttpResponse:
    google = is_google(request.path)
    meanings = settings.OAUTH2_PROVIDER["SCOPES"]
    people = [(p.key, p.email if google else p.workspace, p.name) for p in PEOPLE.values()]
    context = {
        "provider": "Google Drive" if google else "Notion",
        "permissions": [meanings[scope] for scope in scopes],
        "people": people,
    }
    return render(request, "lookalike/consent.html", context)


def _back(address: str, query: dict[str, str | None]) -> HttpResponse:
    """Back to the client with an error (RFC 6749 section 4.1.2.1)."""
    said = urlencode({name: value for name, value in query.items() if value})
    return HttpResponse(status=302, headers={"Location": f"{address}{'&' if '?' in address else '?'}{said}"})


def _unusable(request: HttpRequest, error: OAuthToolkitError) -> HttpResponse:
    """Client or redirect URI are not known: the browser must not be sent anywhere."""
    said = error.oauthlib_error
    context = {"reason": said.description or said.error, "redirect_uri": request.GET.get("redirect_uri", "")}
    return render(request, "lookalike/unusable.html", context, status=400)
