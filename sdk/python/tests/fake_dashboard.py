"""A small dashboard that speaks the wire contract over real HTTP, and does on request what a broken one would do."""

from __future__ import annotations

import json
import queue
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

APP_ID = "5f0c6f5e-3c0e-4a55-9d0c-1f6f4a1a7c10"
NO_CONNECTION = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_short: bool = False  # promise more body than is sent


@dataclass(frozen=True)
class Seen:
    path: str
    headers: Message
    method: str = "GET"
    body: bytes = b""


class Dashboard:
    """`tokens` are what tenants connected; `say` puts scripted answers before that; `seen` is every request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tokens: dict[str, tuple[str, str | None]] = {}
        self.seen: list[Seen] = []
        self.open = threading.Event()
        self.open.set()
        self.events: list[bytes] = []
        self.streams: list[queue.Queue[bytes]] = []
        self._lock = threading.Lock()
        self._scripted: defaultdict[str, list[Answer]] = defaultdict(list)

    def connect(self, slug: str, token: str, expires_at: str | None = None) -> None:
        self.tokens[slug] = (token, expires_at)

    def say(self, path: str, *answers: Answer) -> None:
        """These answers, in turn, for the path; the last one for ever."""
        self._scripted[path] = list(answers)

    def publish(self, number: int, slug: str = "notion", kind: str = "connection.changed", **more: str) -> None:
        """An event, as the contract writes it: under its name, then once more under the old one."""
        event_id = f"evt_{number}"
        data = {"id": event_id, "at": "2030-01-01T00:00:00Z", "kind": kind, "slug": slug, "connection_id": "c", **more}
        blocks = [
            f"id: {event_id}\nevent: {name}\ndata: {json.dumps(data)}\n\n" for name in (kind, "connection_updated")
        ]
        with self._lock:
            self.say_to_all("".join(blocks).encode())
            self.events.append("".join(blocks).encode())

    def say_to_all(self, piece: bytes) -> None:
        """Bytes for every open stream; none at all ends them."""
        for stream in self.streams:
            stream.put(piece)

    def cut_streams(self) -> None:
        """As when the web server restarts."""
        with self._lock:
            self.say_to_all(b"")
            self.streams = []

    def listen(self, request: Seen) -> queue.Queue[bytes] | None:
        """A stream for this request, beginning with what it has missed; None where an answer is scripted."""
        path = urlsplit(request.path).path
        if path != "/api/deployments/me/events" or self._scripted.get(path):
            return None
        self.seen.append(request)
        stream: queue.Queue[bytes] = queue.Queue()
        stream.put(b": open\n\n")
        last = request.headers.get("Last-Event-ID")
        with self._lock:
            for piece in self.events[int(last.removeprefix("evt_")) :] if last else []:
                stream.put(piece)
            self.streams.append(stream)
        return stream

    def connect_url(self, slug: str) -> str:
        return f"{self.url}/connections/connect/{slug}?app={APP_ID}"

    @contextmanager
    def holding_back(self) -> Iterator[None]:
        """No answer leaves before the block ends."""
        self.open.clear()
        try:
            yield
        finally:
            self.open.set()

    def answer(self, request: Seen) -> Answer:
        self.seen.append(request)
        self.open.wait(10)
        parts = urlsplit(request.path)
        scripted = self._scripted.get(parts.path)
        if scripted:
            return scripted.pop(0) if len(scripted) > 1 else scripted[0]
        slug = parts.path.removeprefix("/credentials/")
        if slug == "_bulk":
            slugs = parse_qs(parts.query)["slugs"][0].split(",")
            return good({"tokens": {slug: self._token(slug) for slug in slugs}})
        token = self._token(slug)
        if token is None or request.headers.get("X-Vendo-Connection") == NO_CONNECTION:
            message = f"Nothing is connected for {slug}. Open connect_url to connect it."
            return refusal(403, "binding_missing", message=message, slug=slug, connect_url=self.connect_url(slug))
        return good(token)

    def _token(self, slug: str) -> dict[str, str | None] | None:
        if slug not in self.tokens:
            return None
        access_token, expires_at = self.tokens[slug]
        return {"access_token": access_token, "expires_at": expires_at, "token_type": "Bearer"}


def good(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode(), {"Content-Type": "application/json", "Cache-Control": "no-store"})


def refusal(status: int, code: str, **details: object) -> Answer:
    """An error in the contract's envelope."""
    body = {"error": {"code": code, "message": f"It is {code}.", **details}, "detail": f"It is {code}."}
    headers = {"Content-Type": "application/json", "Vendo-Error-Code": code}
    if "retry_after" in details:
        headers["Retry-After"] = str(details["retry_after"])
    return Answer(status, json.dumps(body).encode(), headers)


@contextmanager
def serve() -> Iterator[Dashboard]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen = self._seen()
            stream = dashboard.listen(seen)
            if stream is None:
                self._say(dashboard.answer(seen))
            else:
                self._stream(stream)

        def do_POST(self) -> None:
            self._say(dashboard.answer(self._seen()))

        def _seen(self) -> Seen:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return Seen(self.path, self.headers, self.command, body)

        def _stream(self, pieces: queue.Queue[bytes]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            while piece := pieces.get():
                self.wfile.write(piece)

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut_short))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that has left is none of our business."""

    server = Server(("127.0.0.1", 0), Handler)
    dashboard = Dashboard(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield dashboard
    finally:
        dashboard.cut_streams()
        server.shutdown()
        server.server_close()
        thread.join()
