"""The door of the dashboard's JSON (contract section 8): a session, CSRF protection, and `{"error": code}`."""

import logging
import secrets
from collections.abc import Mapping
from functools import wraps
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.security import SessionAuth
from pydantic import Field

from deployments.wire import Envelope
from tenants.http import HttpRequest as AnyRequest
from tenants.models import Membership

logger = logging.getLogger(__name__)

# What ninja itself raises; its only 403 is a missing CSRF token.
CODES = {400: "validation_failed", 401: "unauthorized", 403: "csrf_failed"}


class Refusal(Schema):
    """What a program goes by. `message` is there where the code alone would leave a person puzzled."""

    error: str = Field(examples=["not_found"])


class Malformed(Refusal):
    """`fields`, for `validation_failed`, says what is wrong with which field; never what was sent."""

    fields: dict[str, str] | None = None


class Crash(Refusal):
    """Our bug, and the number under which our log has it."""

    error: str = Field(examples=["internal_error"])
    request: str = Field(examples=["req_4f1c2d9a0b7e6835"])


class Done(Schema):
    """It is done."""

    ok: bool = True


# What any operation may answer beside its own. An id that is not even a UUID is no address: that is the envelope.
READ: Mapping[int, Any] = {401: Refusal, 404: Refusal | Envelope, 500: Crash}
WRITE: Mapping[int, Any] = {400: Malformed, 403: Refusal, **READ}


class Refused(Exception):
    """An answer other than 2xx. `body` is sent as it is."""

    def __init__(self, status: int, *, headers: Mapping[str, str] | None = None, **body: Any) -> None:
        super().__init__(status)
        self.status, self.headers, self.body = status, headers, body


class Member(SessionAuth):
    """Somebody inside a workspace."""

    access = "member"

    def __call__(self, request: AnyRequest) -> Membership:  # type: ignore[override]
        """The membership. Refuses the signed-out before it looks for a CSRF token, which they can't have."""
        if not request.user.is_authenticated:
            raise Refused(401, error="unauthorized")
        if request.membership is None or not request.membership.tenant.slug:
            raise Refused(404, error="no_tenant")
        self._get_key(request)  # checks the CSRF token
        return self.permit(request.membership)

    def permit(self, membership: Membership) -> Membership:
        """Members of any role."""
        return membership


class Writer(Member):
    """Somebody who may change things."""

    access = "writer"

    def permit(self, membership: Membership) -> Membership:
        """Not viewers."""
        if not membership.may_write:
            raise Refused(403, error="forbidden")
        return membership


def hang(api: NinjaAPI) -> list[URLPattern]:
    """The API's addresses, with refusals, wrong methods and crashes in the shape of section 8."""
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(Http404, _not_found)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(SuspiciousOperation, _suspicious)
    api.add_exception_handler(Exception, _crashed)
    patterns: list[URLPattern] = api.urls[0]  # type: ignore[assignment]
    for pattern in patterns:
        pattern.callback = _in_json(pattern.callback)
    return patterns


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return JsonResponse(error.body, status=error.status, headers=error.headers)


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return JsonResponse({"error": "not_found"}, status=404)


def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    return JsonResponse({"error": CODES.get(error.status_code, "validation_failed")}, status=error.status_code)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    """Which fields and why; not what was sent, which may be a secret."""
    fields = {".".join(map(str, problem["loc"][2:] or problem["loc"])): problem["msg"] for problem in error.errors}
    return JsonResponse({"error": "validation_failed", "fields": fields}, status=400)


def _suspicious(request: HttpRequest, error: Any) -> HttpResponse:
    """Larger or more complicated than Django reads."""
    return JsonResponse({"error": "validation_failed"}, status=400)


def _crashed(request: HttpRequest, error: Any) -> HttpResponse:
    number = f"req_{secrets.token_hex(8)}"
    logger.error("%s: %s %r failed", number, request.method, request.path, exc_info=error)
    return JsonResponse({"error": "internal_error", "request": number}, status=500)


def _in_json(view: Any) -> Any:
    """Answers may hold a key, so none is kept; a wrong method is told like any other refusal."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = view(request, *args, **kwargs)
        except Http404:  # the bare root, which ninja has for its own use
            response = JsonResponse({"error": "not_found"}, status=404)
        if response.status_code == 405:
            response = JsonResponse(
                {"error": "method_not_allowed"}, status=405, headers={"Allow": response.headers["Allow"]}
            )
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer
