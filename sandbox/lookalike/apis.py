"""What the example tools ask the providers, and the test controls."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from lookalike import control
from lookalike.accounts import Database, Person
from lookalike.tokens import owner_of

type Answer = Callable[[HttpRequest, Person], HttpResponse]


def _notion_error(status: int, code: str, message: str) -> HttpResponse:
    return JsonResponse({"object": "error", "status": status, "code": code, "message": message}, status=status)


def _google_error(status: int, message: str) -> HttpResponse:
    return JsonResponse({"error": {"code": status, "message": message}}, status=status)


def _person(request: HttpRequest) -> Person | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return owner_of(token) if scheme == "Bearer" else None


def notion(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A call of Notion's API: a token, and the version header without which the real one answers 400."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if control.switches.api_status != 200:
            return _notion_error(control.switches.api_status, "service_unavailable", "Told to fail.")
        person = _person(request)
        if person is None:
            return _notion_error(401, "unauthorized", "API token is invalid.")
        if "Notion-Version" not in request.headers:
            return _notion_error(400, "missing_version", "Notion-Version header should be defined.")
        return view(request, person, **kwargs)

    return guarded


def google(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A call of the Drive API."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if control.switches.api_status != 200:
            return _google_error(control.switches.api_status, "Told to fail.")
        person = _person(request)
        return view(request, person) if person else _google_error(401, "Invalid Credentials")

    return guarded


@notion
def notion_me(request: HttpRequest, person: Person) -> HttpResponse:
    """The bot behind the token."""
    return JsonResponse(
        {
            "object": "user",
            "id": person.bot_id,
            "type": "bot",
            "name": "Vendo",
            "bot": {"workspace_name": person.workspace},
        }
    )


@notion
def notion_search(request: HttpRequest, person: Person) -> HttpResponse:
    """Databases whose title holds `query`, `page_size` of them at most."""
    asked = json.loads(request.body or b"{}")
    wanted = str(asked.get("query", "")).lower()
    found = [row for row in person.databases if wanted in row.title.lower()][: int(asked.get("page_size", 100))]
    return JsonResponse(
        {"object": "list", "results": [_database(row) for row in found], "has_more": False, "next_cursor": None}
    )


@notion
def notion_database(request: HttpRequest, person: Person, database_id: str) -> HttpResponse:
    """One database."""
    row = next((row for row in person.databases if row.id == database_id), None)
    return JsonResponse(_database(row)) if row else _notion_error(404, "object_not_found", "Could not find database.")


@google
def drive_about(request: HttpRequest, person: Person) -> HttpResponse:
    """Whose Drive it is."""
    user = {
        "kind": "drive#user",
        "displayName": person.name,
        "permissionId": f"permission-{person.key}",
        "emailAddress": person.email,
    }
    return JsonResponse({"user": user})


@google
def drive_files(request: HttpRequest, person: Person) -> HttpResponse:
    """The files on it."""
    files = [{"kind": "drive#file", "id": row.id, "name": row.name, "mimeType": row.kind} for row in person.files]
    return JsonResponse({"kind": "drive#fileList", "files": files})


@csrf_exempt
def control_switches(request: HttpRequest) -> HttpResponse:
    """Turn switches."""
    try:
        return JsonResponse(control.turn(json.loads(request.body or b"{}")))
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)


def control_log(request: HttpRequest) -> HttpResponse:
    """Token requests by grant type."""
    return JsonResponse(control.log())


@csrf_exempt
def control_reset(request: HttpRequest) -> HttpResponse:
    """Everything back."""
    control.reset()
    return JsonResponse({})


def ready(request: HttpRequest) -> HttpResponse:
    """Serving."""
    return JsonResponse({"status": "ok"})


def _database(row: Database) -> dict[str, Any]:
    return {
        "object": "database",
        "id": row.id,
        "title": [{"type": "text", "plain_text": row.title, "text": {"content": row.title}}],
        "last_edited_time": row.edited,
        "url": f"https://www.notion.so/{row.id.replace('-', '')}",
    }
