"""Errors as running tools see them: one table from code to status, sentence and remedy, and one way to write them down.

Contract section 2: the header `Vendo-Error-Code`, the envelope `{"error": {…}}`, and the sentence once more as a
top-level `detail` for old clients. Raise `ApiError` anywhere below `runtime_api.front_door`; it renders them.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import JsonResponse
from django.urls import reverse


class Row(NamedTuple):
    """One code: its status, what to say when the raiser says nothing better, and what to do about it."""

    status: int
    message: str
    fix: str | None = None


TABLE: Mapping[str, Row] = {
    "app_unknown": Row(
        401, "This API key is not known.", "Send `Authorization: Bearer vendo_sk_…` with a key from the Apps page."
    ),
    "app_revoked": Row(401, "This API key was revoked.", "Mint a new key on the app's page and use it from now on."),
    "app_expired": Row(401, "This API key has expired.", "Mint a new key on the app's page and use it from now on."),
    "binding_missing": Row(403, "Nothing is connected for this provider.", "Open connect_url and connect an account."),
    "connection_revoked": Row(403, "The connection was disconnected.", "Open connect_url and connect again."),
    "connection_needs_reauth": Row(401, "The connection needs a new sign-in.", "Open connect_url and sign in again."),
    "provider_unknown": Row(404, "There is no such provider here.", "Check the slug against the Connections page."),
    "validation_failed": Row(400, "The request is malformed."),
    "profile_unsupported": Row(500, "This kind of connection has no token to hand out."),
    "upstream_error": Row(502, "The provider did not answer as it should. Try again in a moment."),
    "upstream_rate_limited": Row(429, "The provider asks to wait before the next try."),
    "rate_limited": Row(429, "Too many requests. Wait before the next try."),
    "rate_limit_sse_streams": Row(429, "This app has five event streams open. Close one of them first."),
    "idempotency_conflict": Row(409, "This Idempotency-Key was used with another body. Choose a new key."),
    "internal_error": Row(500, "Something went wrong on our side."),
    "not_found": Row(404, "There is nothing at this address.", "Check the path; tokens are at /credentials/<slug>."),
    "method_not_allowed": Row(405, "This address does not take that method."),
}


class ApiError(Exception):
    """A refusal with a code of the table. Its fields go to the client as they are, so none may hold a secret.

    `status` is for webhooks alone, whose callers go by the status and know nothing of our codes.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        slug: str | None = None,
        connect_url: str | None = None,
        retry_after: int | None = None,
        suggested_fix: str | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        row = TABLE[code]
        super().__init__(code)
        self.code, self.status = code, status or row.status
        self.message = message or row.message
        self.slug, self.connect_url, self.retry_after = slug, connect_url, retry_after
        self.suggested_fix = suggested_fix or row.fix
        self.headers = dict(headers or {})


def render(error: ApiError) -> JsonResponse:
    """The answer that carries an error, never to be cached."""
    optional = {
        "slug": error.slug,
        "connect_url": error.connect_url,
        "retry_after": error.retry_after,
        "suggested_fix": error.suggested_fix,
    }
    told = {name: value for name, value in optional.items() if value is not None}
    body = {"error": {"code": error.code, "message": error.message} | told, "detail": error.message}
    response = JsonResponse(body, status=error.status, headers=error.headers)
    response.headers["Vendo-Error-Code"] = error.code
    response.headers["Cache-Control"] = "no-store"
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def connect_url(slug: str, app_id: UUID | None) -> str:
    """Where a person connects `slug` for an app. Never holds a key; without an app it is the plain connect page."""
    query = f"?{urlencode({'app': str(app_id)})}" if app_id else ""
    return f"{settings.BASE_URL}{reverse('connections:connect', args=[slug])}{query}"
