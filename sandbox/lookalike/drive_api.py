"""What tools ask Google Drive: https://developers.google.com/workspace/drive/api/reference/rest/v3."""

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from lookalike import control
from lookalike.accounts import File, Person
from lookalike.fieldmask import FieldMaskError, masked
from lookalike.providers import DRIVE_SCOPES, GOOGLE
from lookalike.tokens import owner_of, retry_after

FILE_FIELDS = "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)"  # what comes without `fields`
PAGE_LIMIT = 1000
# status → the word that Google's client libraries look for, and the newer one
REASONS = {
    400: ("badRequest", "INVALID_ARGUMENT"),
    401: ("authError", "UNAUTHENTICATED"),
    403: ("insufficientPermissions", "PERMISSION_DENIED"),
    404: ("notFound", "NOT_FOUND"),
    429: ("rateLimitExceeded", "RESOURCE_EXHAUSTED"),
    503: ("backendError", "UNAVAILABLE"),
}


class Refused(Exception):
    """A call that the API answers with an error object."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> HttpResponse:
        """The error object, in the old form and the new one."""
        name = HTTPStatus(self.status).name
        reason, word = REASONS.get(self.status, (name.lower(), name))
        errors = [{"message": self.message, "domain": "global", "reason": reason}]
        error = {"code": self.status, "message": self.message, "errors": errors, "status": word}
        headers = retry_after(self.status) | ({"WWW-Authenticate": "Bearer"} if self.status == 401 else {})
        return JsonResponse({"error": error}, status=self.status, headers=headers)


def api(view: Callable[[HttpRequest, Person], Mapping[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    """A call of the API: a token that covers Drive, then what `view` makes of the person."""

    @require_GET
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            if (status := control.api_status()) != 200:
                raise Refused(status, "The sandbox was told to answer this.")
            return JsonResponse(view(request, _person(request)))
        except Refused as refused:
            return refused.response()

    return guarded


def _person(request: HttpRequest) -> Person:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    owner = owner_of(token, GOOGLE) if scheme == "Bearer" else None
    if owner is None:
        raise Refused(401, "Invalid Credentials")
    person, scopes = owner
    if not scopes & DRIVE_SCOPES:
        raise Refused(403, "Request had insufficient authentication scopes.")
    return person


@api
def about(request: HttpRequest, person: Person) -> Mapping[str, Any]:
    """Whose Drive it is. This one call insists on `fields`."""
    if "fields" not in request.GET:
        raise Refused(400, "The 'fields' parameter is required for this method.")
    user = {
        "kind": "drive#user",
        "displayName": person.name,
        "me": True,
        "permissionId": f"permission-{person.key}",
        "emailAddress": person.email,
    }
    return _masked({"kind": "drive#about", "user": user}, request.GET["fields"])


@api
def files(request: HttpRequest, person: Person) -> Mapping[str, Any]:
    """The files on it, the ones edited last first, a page at a time. `q` and `orderBy` change nothing here."""
    first, size = _number(request, "pageToken", 0), _number(request, "pageSize", 100)
    if not 1 <= size <= PAGE_LIMIT:
        raise Refused(400, f"Invalid value for pageSize: it must be from 1 to {PAGE_LIMIT}.")
    rows = [_file(request, row) for row in person.files[first : first + size]]
    answer: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False, "files": rows}
    if first + size < len(person.files):
        answer["nextPageToken"] = str(first + size)
    return _masked(answer, request.GET.get("fields", FILE_FIELDS))


def _masked(answer: Mapping[str, Any], fields: str) -> Mapping[str, Any]:
    try:
        return masked(answer, fields)
    except FieldMaskError as error:
        raise Refused(400, str(error)) from None


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise Refused(400, f"Invalid value for {name}.")
    return int(text)


def _file(request: HttpRequest, row: File) -> dict[str, Any]:
    return {
        "kind": "drive#file",
        "id": row.id,
        "name": row.name,
        "mimeType": row.kind,
        "modifiedTime": row.edited,
        "trashed": False,
        "webViewLink": request.build_absolute_uri(f"/google/file/{row.id}"),
    }
