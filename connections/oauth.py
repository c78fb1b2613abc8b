"""The OAuth 2.0 protocol, once for all providers. Authlib speaks it; catalogue files only describe.

Authlib 1.9.10's client is built on httpx2 and always form-encodes the code exchange; `JsonBodyClient` is for the
providers whose token endpoint wants JSON.

Nothing raised here carries what the provider said beyond a code: its answers may contain tokens.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from django.conf import settings

from connections import provider_api, vault
from connections.addresses import NOTHING, Facts
from connections.catalog import OAuth2, TokenAnswer
from connections.deadline import Deadline
from connections.errors import ConnectError, NeedsReauth, ProviderError
from connections.models import Integration
from connections.provider_api import TIMEOUT, readable_failures, refuse_unwell, stepped_into


class Refused(Exception):
    """The provider answered with an OAuth error (RFC 6749 section 5.2). `code` is safe to show."""

    def __init__(self, code: object) -> None:
        self.code = error_code(code)
        super().__init__(self.code)


class JsonBodyClient(OAuth2Client):  # type: ignore[misc]
    """Sends token requests as a JSON object."""

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], **kwargs: Any) -> httpx2.Response:
        """Authlib hands over the form's fields; they go out as JSON."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        answer: httpx2.Response = super().post(url, json=dict(data), headers=headers, **kwargs)
        return answer


def _in_json_with_secret(client: Any, method: str, uri: str, headers: Any, body: bytes) -> tuple[str, Any, str]:
    """What Authlib's `client_secret_post` is for forms."""
    fields = {"client_id": client.client_id, "client_secret": client.client_secret or ""}
    return uri, headers, json.dumps(json.loads(body) | fields)


def _in_json(client: Any, method: str, uri: str, headers: Any, body: bytes) -> tuple[str, Any, str]:
    """What Authlib's `none` is for forms."""
    return uri, headers, json.dumps(json.loads(body) | {"client_id": client.client_id})


# `token_body` → the client that speaks so, and its names for `client_auth`.
CLIENTS: Mapping[str, tuple[type[OAuth2Client], Mapping[str, Any]]] = {
    "form": (OAuth2Client, {"basic": "client_secret_basic", "post": "client_secret_post", "none": "none"}),
    "json": (JsonBodyClient, {"basic": "client_secret_basic", "post": _in_json_with_secret, "none": _in_json}),
}


# The names under which providers tell what was granted.
SCOPES = ("scope", "scopes", "permissions")


def redirect_uri(integration: Integration) -> str:
    """The callback address to register with the provider."""
    return f"{settings.BASE_URL}/api/oauth/{integration.slug}/callback"


def issuer(integration: Integration, facts: Facts = NOTHING) -> str:
    """Who must have sent the answer, where it says who did (RFC 9207)."""
    oauth = oauth_of(integration)
    overridden = "authorize_url" in integration.endpoint_overrides
    address = urlsplit(integration.address("authorize_url", facts))
    return (None if overridden else oauth.issuer) or f"{address.scheme}://{address.netloc}"


def authorization_url(integration: Integration, state: str, verifier: str | None, facts: Facts = NOTHING) -> str:
    """Where to send the person. `verifier` is None for a provider without PKCE; `facts` fill the address."""
    oauth = oauth_of(integration)
    scopes = oauth.scope_separator.join(asked_for(oauth))
    with _client(integration) as client:
        url, _ = client.create_authorization_url(
            integration.address("authorize_url", facts),
            state=state,
            code_verifier=verifier,
            **({oauth.scope_param: scopes} if scopes else {}),
            **oauth.authorize_params,
        )
    return str(url)


def asked_for(oauth: OAuth2) -> tuple[str, ...]:
    """Every scope that a person is asked for."""
    return (*(scope.name for scope in oauth.scopes), *oauth.fixed_scopes)


def exchange(integration: Integration, code: str, verifier: str | None, facts: Facts = NOTHING) -> TokenAnswer:
    """Code → tokens. Raises `ConnectError` with `oauth_exchange_failed` or `redirect_uri_mismatch`."""
    oauth = oauth_of(integration)
    extra = {"code_verifier": verifier} if verifier else {}
    try:
        with _client(integration) as client, _readable_failures(integration):
            raw = client.fetch_token(
                integration.address("token_url", facts),
                grant_type="authorization_code",
                code=code,
                **extra,
                **oauth.token_params,
            )
            return read_answer(oauth, raw)
    except Refused as refusal:
        raise _exchange_refused(integration, refusal.code) from None
    except (NeedsReauth, ProviderError) as error:
        raise ConnectError("oauth_exchange_failed", error.message) from None


def refresh(integration: Integration, refresh_token: str, facts: Facts = NOTHING) -> TokenAnswer:
    """Refresh token → new tokens. Raises `NeedsReauth` when the provider no longer honours it, else `ProviderError`."""
    oauth = oauth_of(integration)
    name = integration.provider.name
    try:
        with _client(integration) as client, _readable_failures(integration):
            client.token = {"refresh_token": refresh_token}
            raw = client.refresh_token(
                integration.address("refresh_url", facts) or integration.address("token_url", facts),
                refresh_token=refresh_token,
                **oauth.refresh_params,
            )
            return read_answer(oauth, raw)
    except Refused as refusal:
        if refusal.code in oauth.dead:
            raise NeedsReauth(f"{name} no longer accepts this connection. Reconnect it.") from None
        raise ProviderError(f"{name} refused to renew the token ({refusal.code}). Try again in a minute.") from None


def read_answer(oauth: OAuth2, raw: Mapping[str, Any]) -> TokenAnswer:
    """A token endpoint's JSON object, field by field. Raises `ProviderError` when there is no token in it."""
    answer = stepped_into(raw, oauth.token_path)
    if not isinstance(answer, Mapping) or not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
        raise ProviderError("The provider's answer holds no access token.")
    return TokenAnswer(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token") or None,
        expires_in=_seconds(answer.get("expires_in"), oauth) or oauth.lifetime,
        scopes=granted(next((answer[name] for name in SCOPES if name in answer), None)),
        extra={key: raw[key] for key in oauth.keep if key in raw},
    )


def granted(said: object) -> tuple[str, ...] | None:
    """What was granted: text with spaces (RFC 6749 section 3.3) or commas, or a list. None where nothing is said."""
    words = re.split(r"[ ,]+", said) if isinstance(said, str) else said if isinstance(said, list) else ()
    return tuple(str(word) for word in words if word) or None


def error_code(said: object) -> str:
    """An OAuth error code as the provider said it, or `unknown_error` if that is not the shape of one."""
    return str(said) if re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", str(said)) else "unknown_error"


def oauth_of(integration: Integration) -> OAuth2:
    """How one signs in there."""
    oauth = integration.provider.oauth
    assert oauth is not None, f"{integration.slug} is not an OAuth provider"
    return oauth


def _client(integration: Integration) -> OAuth2Client:
    oauth = oauth_of(integration)
    kind, methods = CLIENTS[oauth.token_body]
    client = kind(
        client_id=integration.client_id,
        client_secret=vault.reveal(integration, "client_secret"),
        token_endpoint_auth_method=methods[oauth.client_auth],
        redirect_uri=redirect_uri(integration),
        code_challenge_method="S256" if oauth.uses_pkce else None,
        timeout=TIMEOUT,
        transport=Deadline(provider_api.CALL),
    )

    def check(answer: httpx2.Response) -> httpx2.Response:
        # Before Authlib reads it: it would take a 429 with a JSON body for a token.
        refuse_unwell(integration.provider.name, answer)
        return answer

    client.register_compliance_hook("access_token_response", check)
    client.register_compliance_hook("refresh_token_response", check)
    return client


@contextmanager
def _readable_failures(integration: Integration) -> Iterator[None]:
    """As `readable_failures`, and for what goes wrong in Authlib."""
    try:
        with readable_failures(integration.provider.name):
            yield
    except OAuthError as error:
        raise Refused(error.error) from None


def _exchange_refused(integration: Integration, code: str) -> ConnectError:
    name = integration.provider.name
    if code == "redirect_uri_mismatch":
        return ConnectError(
            code,
            f"{name} does not know our callback address. An admin must register {redirect_uri(integration)} there.",
        )
    if code in {"invalid_client", "unauthorized_client"}:
        return ConnectError(
            "oauth_exchange_failed",
            f"{name} does not accept our client id or secret ({code}). An admin must correct them.",
        )
    return ConnectError("oauth_exchange_failed", f"{name} did not accept the sign-in ({code}). Try again.")


def _seconds(value: object, oauth: OAuth2) -> int | None:
    """`expires_in` in whole seconds; some providers send text, some milliseconds, some nothing."""
    if value is None or isinstance(value, bool):
        return None
    try:
        seconds = float(str(value)) / (1000 if oauth.expires_unit == "milliseconds" else 1)
    except ValueError:
        return None
    return int(seconds) if 0 < seconds < 10**9 else None
