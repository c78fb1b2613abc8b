"""A dashboard in memory, for `vendo.testing`: it speaks the wire contract, and no byte leaves the process."""

from __future__ import annotations

import dataclasses
import itertools
import json
import queue
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vendo._connections import Connection
from vendo._event import Event
from vendo._http import Request, Response, Unreachable
from vendo._network import Line, Network, Stream
from vendo.errors import NeedsReauth, NotConnected, RateLimited, UpstreamError, ValidationError, VendoError

BASE_URL = "https://vendo.invalid"  # a name that never resolves (RFC 6761)
APP_ID = "00000000-0000-4000-8000-00000000a991"

_STATUS: Mapping[type[VendoError], int] = {
    NotConnected: 403,
    NeedsReauth: 401,
    RateLimited: 429,
    UpstreamError: 502,
    ValidationError: 400,
}


@dataclass(eq=False)
class Refusal(Exception):
    """An error answer."""

    status: int
    code: str
    message: str
    retry_after: int | None = None
    slug: str | None = None
    connect_url: str | None = None

    def answer(self) -> Response:
        """In the contract's envelope."""
        details = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        details.pop("status")
        return _answer(self.status, {"error": details, "detail": self.message}, {"vendo-error-code": self.code})


class Memory(Network):
    """The dashboard's state, and its answers."""

    repeats = False  # what it says, it was told to say

    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}
        self.tokens: dict[str, tuple[str, datetime | None]] = {}
        self.refusals: dict[str, Refusal] = {}
        self.actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
        self._streams: list[_Stream] = []
        self._numbers = itertools.count(1)

    def send(self, request: Request, timeout: float) -> Response | Unreachable:  # noqa: ARG002 (nothing takes time)
        try:
            return _answer(200, self._answer(request))
        except Refusal as refusal:
            return refusal.answer()

    def open(self, request: Request, line: Line) -> Stream | Response | Unreachable:  # noqa: ARG002 (one app only)
        stream = _Stream()
        self._streams.append(stream)
        line.hold(stream.close)
        return stream

    def publish(self, event: Event) -> None:
        """To every open stream, as the dashboard writes it: one block, then the same under its old name."""
        data = {"id": event.id, "kind": event.kind, "slug": event.slug, "connection_id": event.connection_id}
        at = event.at or datetime.now(UTC)
        more = {"status": event.status} if event.status else {}
        written = json.dumps({**event.data, **data, "at": _iso(at), **more})
        block = f"id: {event.id}\nevent: {event.kind}\ndata: {written}\n\n"
        self._streams = [stream for stream in self._streams if not stream.closed]
        for stream in self._streams:
            stream.pieces.put(block.encode() + block.replace(event.kind, "connection_updated", 1).encode())

    def event(self, kind: str, slug: str, *, status: str | None = None) -> Event:
        """A new event of a connection that is in the list."""
        connection = self.connections.get(slug)
        return Event(f"evt_{next(self._numbers)}", kind, slug, connection.id if connection else None, status)

    def setup_url(self, slug: str) -> str:
        """Where the tenant connects it."""
        return f"{BASE_URL}/connections/connect/{slug}?app={APP_ID}"

    @staticmethod
    def status_of(error: VendoError) -> int:
        """The status that the dashboard gives an error of this class."""
        return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)

    def _answer(self, request: Request) -> object:
        parts = urlsplit(request.url)
        match parts.path.strip("/").split("/"):
            case ["credentials", "_bulk"]:
                return {"tokens": {slug: self._maybe_token(slug) for slug in _slugs(parts.query)}}
            case ["credentials", slug]:
                return self._token(slug, asks_for_page="X-Vendo-Connection" in request.headers)
            case ["api", "deployments", "me", "connections"]:
                return {"connections": [_written(connection) for connection in self.connections.values()]}
            case ["api", "integrations"]:
                return {"integrations": [_integration(connection) for connection in self.connections.values()]}
            case ["api", "integrations", slug] if slug in self.connections:
                return _integration(self.connections[slug])
            case ["proxy", "composio", "v1", "execute"]:
                return {"data": self._act(json.loads(request.body or b"{}"))}
            case _:
                raise Refusal(404, "provider_unknown", "There is no such provider here.")

    def _token(self, slug: str, *, asks_for_page: bool = False) -> Mapping[str, object]:
        if slug in self.refusals:
            raise dataclasses.replace(self.refusals[slug], slug=slug)
        page = self.setup_url(slug)
        connection = self.connections.get(slug)
        if connection and connection.status == "needs_reauth":
            raise Refusal(401, "connection_needs_reauth", "The connection needs a new sign-in.", None, slug, page)
        if slug not in self.tokens or asks_for_page:
            raise Refusal(403, "binding_missing", f"Nothing is connected for {slug}.", None, slug, page)
        token, expires_at = self.tokens[slug]
        return {"access_token": token, "expires_at": expires_at and _iso(expires_at), "token_type": "Bearer"}

    def _maybe_token(self, slug: str) -> Mapping[str, object] | None:
        try:
            return self._token(slug)
        except Refusal:
            return None

    def _act(self, asked: Mapping[str, Any]) -> Any:
        action = self.actions.get(asked["action_id"])
        if action is None:
            raise Refusal(404, "not_found", "The mock has no such action: put a function into mock.actions.")
        return action(asked["args"])


class _Stream:
    """Events that wait to be read."""

    def __init__(self) -> None:
        self.pieces: queue.Queue[bytes] = queue.Queue()
        self.pieces.put(b": open\n\n")
        self.closed = False

    def read(self) -> bytes:
        return b"" if self.closed else self.pieces.get()

    def close(self) -> None:
        self.closed = True
        self.pieces.put(b"")


def _answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, headers or {}, json.dumps(value).encode())


def _slugs(query: str) -> Iterable[str]:
    return parse_qs(query).get("slugs", [""])[0].split(",")


def _written(connection: Connection) -> Mapping[str, object]:
    at = connection.connected_at
    return dataclasses.asdict(connection) | {"connected_at": at and _iso(at)}


def _integration(connection: Connection) -> Mapping[str, object]:
    shared = {name: getattr(connection, name) for name in ("slug", "category", "logo_url", "brand_color", "docs_url")}
    return shared | {
        "provider": connection.slug,
        "name": connection.display_name,
        "description": "",
        "icon_name": None,
        "supported_profiles": [connection.profile],
        "default_profile": connection.profile,
        "enabled": True,
        "featured": False,
        "env_bootstrap": connection.env_bootstrap and dataclasses.asdict(connection.env_bootstrap),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
