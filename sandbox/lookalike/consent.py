"""The consent page: choose one of the two accounts, allow or deny. Nobody needs to sign in."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.models import Application

from lookalike.accounts import PEOPLE
from lookalike.control import remember, switches
from lookalike.providers import OFFLINE, LookAlike, played_at
from lookalike.validator import Core


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that client and redirect URI make trustworthy enough to answer."""

    provider: LookAlike
    scopes: list[str]
    credentials: dict[str, Any]

    @property
    def granted(self) -> list[str]:
        """What is left of the scopes after those that the switches refuse."""
        return [scope for scope in self.scopes if scope not in {*switches.refused_scopes, OFFLINE}]

    def back(self, **answer: str) -> HttpResponse:
        """Send the browser back to the client (RFC 6749 section 4.1.2)."""
        return _redirect(self.credentials["redirect_uri"], answer | {"state": self.credentials["state"]})


@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """RFC 6749 section 4.1.1: ask the person, then send the browser back with a code or an error.

    The form posts to the same address, query and all, so that the request is read and judged anew.
    """
    core = Core()
    try:
        scopes, credentials = core.validate_authorization_request(request)
    except FatalClientError as error:
        return _unusable(request, error)
    except OAuthToolkitError as error:
        said = error.oauthlib_error
        answer = {"error": said.error, "error_description": said.description, "state": said.state}
        return _redirect(said.redirect_uri, answer)
    asked = Asked(played_at(request.path), scopes, credentials)
    remember(credentials["state"])
    if switches.authorize_error:
        return asked.back(error=switches.authorize_error, error_description="The sandbox was told to answer this.")
    if credentials.get("code_challenge_method") == "plain":
        return asked.back(error="invalid_request", error_description="Use S256 as code_challenge_method.")
    return _page(request, asked) if request.method == "GET" else _answer(request, core, asked)


def _answer(request: HttpRequest, core: Core, asked: Asked) -> HttpResponse:
    person = PEOPLE.get(request.POST.get("account", ""))
    if request.POST.get("allow") != "yes" or person is None or not asked.granted:
        return asked.back(error="access_denied", error_description="The person did not allow it.")
    request.user = User.objects.get(username=person.key)
    offline = asked.provider.expires and request.GET.get("access_type") == "offline"
    granted = [*asked.granted, OFFLINE] if offline else asked.granted
    address, _, _, _ = core.create_authorization_response(request, granted, asked.credentials, allow=True)
    remember(dict(parse_qsl(urlsplit(address).query)).get("code"))
    return _redirect(address, {})


def _page(request: HttpRequest, asked: Asked) -> HttpResponse:
    address = urlsplit(asked.credentials["redirect_uri"])
    context = {
        "provider": asked.provider,
        "client": Application.objects.get(client_id=asked.credentials["client_id"]),
        "permissions": asked.provider.meanings(asked.scopes),
        "offline": asked.provider.expires and request.GET.get("access_type") == "offline",
        "people": PEOPLE.values(),
        "destination": address.netloc,
    }
    return render(request, "lookalike/consent.html", context)


def _redirect(address: str, answer: dict[str, str | None]) -> HttpResponse:
    """To an address of the client's, with what is not empty added to its query."""
    parts = urlsplit(address)
    iss = {"iss": switches.authorize_iss}
    added = [(name, value) for name, value in (answer | iss).items() if value]
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added])
    return HttpResponse(status=302, headers={"Location": urlunsplit(parts._replace(query=query))})


def _unusable(request: HttpRequest, error: OAuthToolkitError) -> HttpResponse:
    """Client or redirect URI are not known: the browser must not be sent anywhere."""
    said = error.oauthlib_error
    context = {"reason": said.description or said.error, "redirect_uri": request.GET.get("redirect_uri", "")}
    return render(request, "lookalike/unusable.html", context, status=400)
