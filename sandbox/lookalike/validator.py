"""Where the toolkit is made to look like the two providers."""

import json
from typing import Any

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request, generate_token

from lookalike.control import remember, switches
from lookalike.providers import NEVER, OFFLINE, played_at


def new_token(request: Request) -> str:
    """An access token that people recognise by its beginning, as they do the real ones."""
    token = f"{played_at(request.uri).token_start}{generate_token(40)}"
    remember(token)
    return token


def new_refresh_token(request: Request) -> str:
    """The same for a refresh token."""
    token = f"1//sandbox-{generate_token(40)}"
    remember(token)
    return token


class Core(OAuthLibCore):  # type: ignore[misc]
    """Reads JSON bodies too: Notion's token endpoint wants them."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The body's fields, whichever way they came; none where the body can't be read."""
        if request.content_type == "application/json":
            try:
                fields = json.loads(request.body or b"{}")
            except ValueError:
                return []
            return [(key, str(value)) for key, value in fields.items()] if isinstance(fields, dict) else []
        found: list[tuple[str, str]] = super().extract_body(request)
        return found


class Validator(OAuth2Validator):  # type: ignore[misc]
    """PKCE, scopes and client authentication as the real provider has them, lifetimes as the switches say."""

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Our Google wants a challenge. Notion does without, and checks one that comes all the same."""
        return played_at(request.uri).needs_pkce

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Notion reads id and secret from the Authorization header and from nowhere else."""
        if played_at(request.uri).basic_auth_only:
            return bool(self._authenticate_basic_auth(request))
        return bool(super().authenticate_client(request, *args, **kwargs))

    def get_default_scopes(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        """Google has none: who asks for nothing gets `invalid_scope`."""
        default = played_at(request.uri).default_scope
        return [default] if default else []

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: object, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Only what this provider knows; `OFFLINE` is added by the consent page, and only by it."""
        return bool(scopes) and set(scopes) <= {*played_at(request.uri).scopes, OFFLINE}

    def rotate_refresh_token(self, request: Request) -> bool:
        """Each refresh ends the token it was made with, unless the switch says that tokens stay."""
        return switches.rotate_refresh_tokens

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Lifetimes, and who gets a refresh token. `token` is also the answer, so it is tidied once it is stored."""
        provider = played_at(request.uri)
        scopes = token.get("scope", "").split()
        renews = request.grant_type == "refresh_token"
        token["expires_in"] = switches.access_token_seconds if provider.expires else NEVER
        if not (provider.expires and (renews or OFFLINE in scopes)):
            token.pop("refresh_token", None)
        super().save_bearer_token(token, request, *args, **kwargs)
        if renews and not switches.rotate_refresh_tokens:
            token.pop("refresh_token", None)  # it is still the one that the client has
        token["scope"] = " ".join(scope for scope in scopes if scope != OFFLINE)
