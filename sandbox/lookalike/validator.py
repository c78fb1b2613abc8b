"""Where the toolkit is made to look like the two providers."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request, generate_token

from lookalike.control import switches

NEVER = 60 * 60 * 24 * 365 * 10  # seconds; as good as the real one's "does not expire"


def is_google(address: str) -> bool:
    """Whether a request concerns the Google look-alike."""
    return "/google/" in address


def new_token(request: Request) -> str:
    """An access token that people recognise by its beginning, as they do the real ones."""
    return f"{'ya29.sandbox-' if is_google(request.uri) else 'ntn_sandbox_'}{generate_token(40)}"


def new_refresh_token(request: Request) -> str:
    """The same for a refresh token."""
    return f"1//sandbox-{generate_token(40)}"


class Core(OAuthLibCore):  # type: ignore[misc]
    """Reads JSON bodies too: Notion's token endpoint takes nothing else."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The body's fields, whichever way they came."""
        if request.content_type == "application/json":
            return [(key, str(value)) for key, value in json.loads(request.body or b"{}").items()]
        fields: list[tuple[str, str]] = super().extract_body(request)
        return fields


class Validator(OAuth2Validator):  # type: ignore[misc]
    """PKCE where the real provider wants it, lifetimes as the switches say."""

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Our Google wants a challenge; Notion knows nothing of it."""
        return is_google(request.uri)

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Google's tokens end; a refresh token is for those only who asked for offline access."""
        google = is_google(request.uri)
        token["expires_in"] = switches.access_token_seconds if google else NEVER
        scopes = token.get("scope", "").split()
        if not (google and "offline" in scopes):
            token.pop("refresh_token", None)
        super().save_bearer_token(token, request, *args, **kwargs)
        token["scope"] = " ".join(scope for scope in scopes if scope == settings.DRIVE_SCOPE)
