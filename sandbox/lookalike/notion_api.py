"""What tools ask Notion: https://developers.notion.com/reference, as of the versions that know databases."""

import json
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from lookalike import control
from lookalike.accounts import Database, Person
from lookalike.providers import NOTION
from lookalike.tokens import owner_of, retry_after

VERSIONS = ("2021-05-13", "2021-08-16", "2022-02-22", "2022-06-28")  # later ones have data sources in their place
PAGE_LIMIT = 100
CODES = {
    401: "unauthorized",
    403: "restricted_resource",
    404: "object_not_found",
    409: "conflict_error",
    429: "rate_limited",
    500: "internal_server_error",
    503: "service_unavailable",
}


class Refused(Exception):
    """A call that the API answers with an error object."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code or CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
        self.message = message

    def response(self) -> HttpResponse:
        """The error object."""
        body = {"object": "error", "status": self.status, "code": self.code, "message": self.message}
        body["request_id"] = str(uuid.uuid4())
        return JsonResponse(body, status=self.status, headers=retry_after(self.status))


def api(view: Callable[..., Mapping[str, Any]]) -> Callable[..., HttpResponse]:
    """A call of the API: the version header, a token, then what `view` makes of the person."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            if (status := control.api_status()) != 200:
                raise Refused(status, "The sandbox was told to answer this.")
            answer = view(request, _person(request), **kwargs)
        except Refused as refused:
            return refused.response()
        return JsonResponse({**answer, "request_id": str(uuid.uuid4())})

    return guarded


def _person(request: HttpRequest) -> Person:
    version = request.headers.get("Notion-Version")
    if not version:
        raise Refused(400, "Notion-Version header should be defined, instead was `undefined`.", "missing_version")
    if version not in VERSIONS:
        raise Refused(400, f"The sandbox knows Notion-Version {', '.join(VERSIONS)}.", "validation_error")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    owner = owner_of(token, NOTION) if scheme == "Bearer" else None
    if owner is None:
        raise Refused(401, "API token is invalid.")
    return owner[0]


@require_GET
@api
def me(request: HttpRequest, person: Person) -> Mapping[str, Any]:
    """The bot behind the token."""
    user = {"object": "user", "id": person.user_id, "name": person.name, "avatar_url": None, "type": "person"}
    owner = {"type": "user", "user": user | {"person": {"email": person.email}}}
    bot = {"owner": owner, "workspace_name": person.workspace, "workspace_id": person.workspace_id}
    return {"object": "user", "id": person.bot_id, "name": "Vendo", "avatar_url": None, "type": "bot", "bot": bot}


@csrf_exempt
@require_POST
@api
def search(request: HttpRequest, person: Person) -> Mapping[str, Any]:
    """Databases whose title holds `query`, a page of them at a time. There are no pages here, only databases."""
    asked = _json(request)
    rows = [row for row in person.databases if str(asked.get("query") or "").lower() in row.title.lower()]
    if (asked.get("filter") or {}).get("value", "database") != "database":
        rows = []
    if (asked.get("sort") or {}).get("direction") == "ascending":
        rows.reverse()
    page, following = _page(rows, asked)
    return {
        "object": "list",
        "results": [_database(request, person, row) for row in page],
        "next_cursor": following,
        "has_more": following is not None,
        "type": "page_or_database",
        "page_or_database": {},
    }


@require_GET
@api
def database(request: HttpRequest, person: Person, database_id: str) -> Mapping[str, Any]:
    """One database; its id with or without hyphens."""
    row = next((row for row in person.databases if _plain(row.id) == _plain(database_id)), None)
    if row is None:
        raise Refused(404, f"Could not find database with ID: {database_id}.")
    return _database(request, person, row)


def _json(request: HttpRequest) -> Mapping[str, Any]:
    try:
        asked = json.loads(request.body or b"{}")
    except ValueError:
        raise Refused(400, "Error parsing JSON body.", "invalid_json") from None
    if not isinstance(asked, dict) or not all(isinstance(asked.get(key) or {}, dict) for key in ("filter", "sort")):
        raise Refused(400, "body failed validation: it should be an object.", "validation_error")
    return asked


def _page(rows: list[Database], asked: Mapping[str, Any]) -> tuple[list[Database], str | None]:
    """A page of rows, and the cursor of the next; the cursor is the id of the row to begin with."""
    size, cursor = asked.get("page_size", PAGE_LIMIT), asked.get("start_cursor")
    if not isinstance(size, int) or not 1 <= size <= PAGE_LIMIT:
        raise Refused(400, f"body.page_size should be from 1 to {PAGE_LIMIT}.", "validation_error")
    ids = [row.id for row in rows]
    if cursor is not None and cursor not in ids:
        raise Refused(400, "The start_cursor provided is invalid.", "validation_error")
    first = ids.index(cursor) if cursor else 0
    return rows[first : first + size], ids[first + size] if first + size < len(ids) else None


def _database(request: HttpRequest, person: Person, row: Database) -> dict[str, Any]:
    text = {"type": "text", "text": {"content": row.title, "link": None}, "plain_text": row.title, "href": None}
    author = {"object": "user", "id": person.user_id}
    return {
        "object": "database",
        "id": row.id,
        "cover": None,
        "icon": None,
        "created_time": "2026-01-05T08:00:00.000Z",
        "created_by": author,
        "last_edited_time": row.edited,
        "last_edited_by": author,
        "title": [text],
        "description": [],
        "is_inline": False,
        "properties": {"Name": {"id": "title", "name": "Name", "type": "title", "title": {}}},
        "parent": {"type": "workspace", "workspace": True},
        # The real one's would lead to the real Notion, which knows nothing of it.
        "url": request.build_absolute_uri(f"/notion/{_plain(row.id)}"),
        "public_url": None,
        "archived": False,
        "in_trash": False,
    }


def _plain(database_id: str) -> str:
    return database_id.replace("-", "").lower()
