"""The token endpoints, in the shape of each provider, and what ends a token."""

import hashlib
import json
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oauth2_provider.models import AccessToken, RefreshToken, revoke_access_token

from lookalike import control
from lookalike.accounts import PEOPLE, Person
from lookalike.providers import LookAlike
from lookalike.validator import Core

UNWELL = (429, 503)


def owner_of(token: str, provider: LookAlike) -> tuple[Person, frozenset[str]] | None:
    """Whose token it is, and its scopes; None for one that is unknown, ended, or of the other provider."""
    row = AccessToken.objects.select_related("user").filter(token_checksum=_checksum(token)).first()
    if not row or not row.is_valid() or not token.startswith(provider.token_start):
        return None
    return PEOPLE[row.user.username], frozenset(row.scope.split())


def retry_after(status: int) -> dict[str, str]:
    """The header that says how long to wait, with the statuses that have one."""
    return {"Retry-After": str(control.switches.retry_after_seconds)} if status in UNWELL else {}


@csrf_exempt
@require_POST
def notion_token(request: HttpRequest) -> HttpResponse:
    """https://developers.notion.com/reference/create-a-token: HTTP basic, and the token names its workspace."""
    response = _token(request)
    if response.status_code != 200:
        return response
    token = json.loads(response.content)["access_token"]
    person = PEOPLE[AccessToken.objects.get(token_checksum=_checksum(token)).user.username]
    user = {"object": "user", "id": person.user_id, "name": person.name, "avatar_url": None, "type": "person"}
    answer = {
        "access_token": token,
        "token_type": "bearer",
        "refresh_token": None,
        "bot_id": person.bot_id,
        "workspace_name": person.workspace,
        "workspace_icon": None,
        "workspace_id": person.workspace_id,
        "owner": {"type": "user", "user": user | {"person": {"email": person.email}}},
        "duplicated_template_id": None,
        "request_id": str(uuid.uuid4()),
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def google_token(request: HttpRequest) -> HttpResponse:
    """https://developers.google.com/identity/protocols/oauth2/web-server: a form, and tokens that end."""
    return _token(request)


@csrf_exempt
@require_POST
def notion_revoke(request: HttpRequest) -> HttpResponse:
    """Wants the client as the token endpoint does; RFC 7009: a token that is unknown is as good as revoked."""
    if not Core().authenticate_client(request):
        return JsonResponse({"error": "invalid_client"}, status=401)
    _end(dict(Core().extract_body(request)).get("token", ""))
    return JsonResponse({"request_id": str(uuid.uuid4())})


@csrf_exempt
@require_POST
def google_revoke(request: HttpRequest) -> HttpResponse:
    """Whoever has the token may end it; unlike RFC 7009, the real one objects to a token that it does not know."""
    if not _end(request.POST.get("token") or request.GET.get("token") or ""):
        answer = {"error": "invalid_token", "error_description": "Token expired or revoked"}
        return JsonResponse(answer, status=400)
    return JsonResponse({})


def people_exist() -> None:
    """The made-up people as the toolkit's users."""
    for key in PEOPLE:
        User.objects.get_or_create(username=key)


def withdraw(account: str | None) -> None:
    """The person (or everybody) takes back all access on the provider's own pages: nothing works any more."""
    whose = {"user__username": account} if account else {}
    for row in RefreshToken.objects.filter(revoked=None, **whose):
        row.revoke()
    AccessToken.objects.filter(**whose).delete()


def expire(account: str | None) -> None:
    """Access tokens end before their time; refresh tokens go on working."""
    whose = {"user__username": account} if account else {}
    AccessToken.objects.filter(**whose).update(expires=timezone.now())


def _checksum(token: str) -> str:
    """How the toolkit finds a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _end(token: str) -> bool:
    """End a token and the one that belongs to it; whether there was one."""
    wanted = {"token_checksum": _checksum(token)}
    with transaction.atomic():
        found = [*RefreshToken.objects.filter(revoked=None, **wanted)]
        for refresh_token in found:
            refresh_token.revoke()
        access_tokens = [*AccessToken.objects.filter(**wanted)]
        for access_token in access_tokens:
            revoke_access_token(access_token)
    return bool(found or access_tokens)


def _token(request: HttpRequest) -> HttpResponse:
    """The toolkit's answer, unless the switches say otherwise."""
    core = Core()
    fields = dict(core.extract_body(request))
    control.count(fields.get("grant_type", ""))
    control.remember(fields.get("code_verifier"))
    if (status := control.token_status()) != 200:
        return JsonResponse(_told(status), status=status, headers=retry_after(status))
    # One at a time: a refresh token that comes twice at the same moment works once, and its reuse is noticed.
    with transaction.atomic():
        _, headers, body, status = core.create_token_response(request)
    return HttpResponse(body, status=status, headers=dict(headers))


def _told(status: int) -> dict[str, Any]:
    codes = {400: "invalid_grant", 401: "invalid_client", 429: "rate_limit_exceeded"}
    code = codes.get(status, "temporarily_unavailable" if status >= 500 else "invalid_request")
    return {"error": code, "error_description": "The sandbox was told to answer this."}
