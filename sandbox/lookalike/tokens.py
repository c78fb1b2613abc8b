"""The token endpoints, in the shape of each provider, and revocation."""

import hashlib
import json
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oauth2_provider.models import AccessToken, RefreshToken

from lookalike import control
from lookalike.accounts import PEOPLE, Person
from lookalike.validator import Core


def checksum(token: str) -> str:
    """How the toolkit finds a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def owner_of(token: str) -> Person | None:
    """Whose token it is; None for one that is unknown, revoked or past its time."""
    row = AccessToken.objects.select_related("user").filter(token_checksum=checksum(token)).first()
    return PEOPLE[row.user.username] if row and row.is_valid() else None


@csrf_exempt
@require_POST
def notion_token(request: HttpRequest) -> HttpResponse:
    """https://developers.notion.com/reference/create-a-token: HTTP basic, and the token names its workspace."""
    status, answer = _token(request)
    if status != 200:
        return JsonResponse(answer, status=status)
    person = owner_of(answer["access_token"])
    assert person
    return JsonResponse(
        {
            "access_token": answer["access_token"],
            "token_type": "bearer",
            "refresh_token": None,
            "bot_id": person.bot_id,
            "workspace_icon": None,
            "workspace_name": person.workspace,
            "workspace_id": person.workspace_id,
            "owner": {"type": "user", "user": {"object": "user", "id": f"user-{person.key}", "name": person.name}},
            "duplicated_template_id": None,
            "request_id": "sandbox",
        }
    )


@csrf_exempt
@require_POST
def google_token(request: HttpRequest) -> HttpResponse:
    """https://developers.google.com/identity/protocols/oauth2/web-server: a form, and tokens that end."""
    status, answer = _token(request)
    return JsonResponse(answer, status=status)


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009: unknown tokens are fine."""
    fields = json.loads(request.body or b"{}") if request.content_type == "application/json" else request.POST
    wanted = checksum(str(fields.get("token", "")))
    for row in RefreshToken.objects.filter(token_checksum=wanted, revoked=None):
        row.revoke()
    AccessToken.objects.filter(token_checksum=wanted).delete()
    return JsonResponse({})


def people_exist() -> None:
    """The made-up people as the toolkit's users."""
    for key in PEOPLE:
        User.objects.get_or_create(username=key)


def _token(request: HttpRequest) -> tuple[int, dict[str, Any]]:
    """The toolkit's answer, unless the switches say otherwise."""
    fields = dict(Core().extract_body(request))
    control.count(fields.get("grant_type", "none"))
    if control.switches.token_status != 200:
        return control.switches.token_status, {"error": "temporarily_unavailable"}
    _, _, body, status = Core().create_token_response(request)
    return status, json.loads(body)
