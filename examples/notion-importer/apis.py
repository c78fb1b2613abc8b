"""What the tool asks Notion and Google Drive. Nothing but a list, `NeedsConnection` or `Trouble` comes out."""

import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from urllib.parse import urlencode

import vendo
from vendo.errors import NeedsReauth, NotConnected, RateLimited, VendoError

TIMEOUT = 10.0
BODY_LIMIT = 4_000_000
DRIVE_FILES = 10


@dataclass(frozen=True, slots=True)
class Service:
    """A provider. `variable` names the environment's own address for it, which the demo points at its sandbox."""

    slug: str
    name: str
    variable: str
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def url(self, path: str) -> str:
        """The full address of a call."""
        return (os.environ.get(self.variable) or self.address).rstrip("/") + path


NOTION = Service(
    "notion", "Notion", "NOTION_API_URL", "https://api.notion.com", headers={"Notion-Version": "2022-06-28"}
)
DRIVE = Service("googledrive", "Google Drive", "GOOGLE_API_URL", "https://www.googleapis.com")


@dataclass(frozen=True, slots=True)
class Database:
    """A Notion database. `url` is a web address or empty, `emoji` its icon if that is one."""

    id: str
    title: str
    url: str
    edited: datetime | None
    emoji: str


@dataclass(frozen=True, slots=True)
class File:
    """A file on the Drive. `url` is a web address or empty."""

    id: str
    name: str
    url: str
    edited: datetime | None
    kind: str


@dataclass(frozen=True, slots=True)
class Listing[Item]:
    """What a provider has. `more`: it has more than we asked for."""

    service: Service
    items: tuple[Item, ...]
    more: bool = False


class NeedsConnection(Exception):
    """Nobody has connected the provider, or it must be connected again at `connect_url`.

    Without a dashboard there is no such page, and `connect_url` is None: the tool's owner sets a variable instead.
    """

    def __init__(self, service: Service, connect_url: str | None, *, again: bool) -> None:
        super().__init__(service.slug)
        self.service = service
        self.connect_url = connect_url
        self.again = again


class Trouble(Exception):
    """It did not work. Two sentences for people: what happened, and what to do; neither holds a token.

    `status` is what our own API answers; `reconnect` says that another connection may help.
    """

    def __init__(
        self,
        service: Service,
        sentence: str,
        advice: str,
        *,
        code: str = "upstream_error",
        status: int = 502,
        retry_after: int | None = None,
        reconnect: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.service = service
        self.sentence = sentence
        self.advice = advice
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.reconnect = reconnect


type Outcome[Item] = Listing[Item] | NeedsConnection | Trouble


def databases(limit: int) -> Outcome[Database]:
    """The Notion databases that the connected account shares with us, the ones edited last first."""
    query = {
        "filter": {"property": "object", "value": "database"},
        "sort": {"timestamp": "last_edited_time", "direction": "descending"},
        "page_size": limit,
    }
    try:
        answer = _ask(NOTION, "/v1/search", query)
    except (NeedsConnection, Trouble) as outcome:
        return outcome
    found = tuple(_database(row) for row in _objects(answer.get("results")) if row.get("object") == "database")
    return Listing(NOTION, found[:limit], more=answer.get("has_more") is True or len(found) > limit)


def files() -> Outcome[File]:
    """The newest files of the connected Google Drive."""
    query = {
        "pageSize": str(DRIVE_FILES),
        "orderBy": "modifiedTime desc",
        "q": "trashed = false",
        "fields": "nextPageToken,files(id,name,mimeType,modifiedTime,webViewLink)",
    }
    try:
        answer = _ask(DRIVE, f"/drive/v3/files?{urlencode(query)}")
    except (NeedsConnection, Trouble) as outcome:
        return outcome
    found = tuple(_file(row) for row in _objects(answer.get("files")))
    return Listing(DRIVE, found[:DRIVE_FILES], more="nextPageToken" in answer or len(found) > DRIVE_FILES)


def _ask(service: Service, path: str, body: object = None) -> Mapping[str, object]:
    """The JSON object that the provider answers to a GET, or to a POST of `body`."""
    answer = _send(service, path, body, _token(service))
    if answer.status == 401:
        # Refused before its time: the account was connected anew, or access was taken back. Vendo knows which.
        vendo.invalidate(service.slug)
        answer = _send(service, path, body, _token(service))
    if not 200 <= answer.status < 300:
        raise _refusal(service, answer)
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Trouble(
            service,
            f"{service.name}'s answer could not be read.",
            f"Try again in a moment. If it stays like this, check {service.variable}.",
        )
    return value


def _token(service: Service) -> str:
    try:
        return vendo.token(service.slug)
    except (NotConnected, NeedsReauth) as error:
        raise NeedsConnection(service, error.connect_url, again=isinstance(error, NeedsReauth)) from None
    except VendoError as error:
        limited = isinstance(error, RateLimited)
        raise Trouble(
            service,
            error.message,
            error.suggested_fix or (_wait(error.retry_after) if limited else "Try again in a moment."),
            code=error.code,
            status=429 if limited else 502,
            retry_after=error.retry_after,
        ) from None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: int | None
    body: bytes = field(repr=False)


def _send(service: Service, path: str, body: object, token: str) -> _Answer:
    """One exchange with the provider."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", **service.headers}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    try:
        request = urllib.request.Request(service.url(path), data, headers)  # noqa: S310 (_opener knows http(s) only)
        with _opener().open(request, timeout=TIMEOUT) as answer:
            return _Answer(answer.status, _seconds(answer.headers.get("Retry-After")), answer.read(BODY_LIMIT))
    except (OSError, HTTPException, ValueError):
        # Not chained, not quoted: a complaint about a header would hold the token.
        raise Trouble(
            service,
            f"{service.name} could not be reached.",
            "Check the network of the machine that this tool runs on, then try again.",
            code="unreachable",
        ) from None


def _opener() -> urllib.request.OpenerDirector:
    """Hands back every status as it is, and follows no redirect: the next host would get the token."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _refusal(service: Service, answer: _Answer) -> Trouble:
    """What a status other than 2xx means for the person at the page."""
    name = service.name
    match answer.status:
        case 401:
            advice = (
                f"It may have been taken back in {name}. Connect once more to carry on."
                if vendo.is_vendo_mode()
                else f"Check {service.slug.upper()}_TOKEN in .env, and start the tool again."
            )
            return Trouble(service, f"{name} does not accept our access.", advice, code="unauthorized", reconnect=True)
        case 403:
            advice = f"Connect {name} again and allow what its page asks for."
            return Trouble(service, f"{name} does not let us see this.", advice, code="forbidden", reconnect=True)
        case 429:
            return Trouble(
                service,
                f"{name} is asked too often at the moment.",
                _wait(answer.retry_after),
                code="upstream_rate_limited",
                status=429,
                retry_after=answer.retry_after,
            )
        case status if status >= 500:
            return Trouble(
                service,
                f"{name} has trouble of its own at the moment (status {status}).",
                "Try again in a few minutes.",
            )
        case status:
            return Trouble(
                service, f"{name} refused the question (status {status}).", f"Check {service.variable}, then try again."
            )


def _wait(seconds: int | None) -> str:
    return f"Wait {seconds} seconds, then try again." if seconds else "Wait a minute, then try again."


def _seconds(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 7 else None


# --- what the providers' objects hold, field by field: any of it may be missing, or not what we think ----------------


def _database(row: Mapping[str, object]) -> Database:
    title = "".join(_text(part.get("plain_text")) for part in _objects(row.get("title"))).strip()
    icon = row.get("icon")
    emoji = _text(icon.get("emoji")) if isinstance(icon, dict) else ""
    return Database(
        id=_text(row.get("id")),
        title=title or "Untitled",
        url=_link(row.get("url")),
        edited=_moment(row.get("last_edited_time")),
        emoji=emoji[:8],
    )


def _file(row: Mapping[str, object]) -> File:
    return File(
        id=_text(row.get("id")),
        name=_text(row.get("name")).strip() or "Untitled",
        url=_link(row.get("webViewLink")),
        edited=_moment(row.get("modifiedTime")),
        kind=_text(row.get("mimeType")),
    )


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    yield from (row for row in (value if isinstance(value, list) else []) if isinstance(row, dict))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _link(value: object) -> str:
    """A web address; anything else, `javascript:` above all, must not become a link."""
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else ""


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # no date, or one that our calendar does not reach
        return None
