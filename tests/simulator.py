"""A provider that does as it is told: speaks HTTP on a port, remembers what it was asked."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connections.models import Integration


@dataclass
class Asked:
    """One request as it arrived: `body` is the form's or the JSON object's fields."""

    path: str
    content_type: str
    body: dict[str, Any]
    client: tuple[str, str] | None
    bearer: str
    # By names in lower case.
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    query: dict[str, str] = field(default_factory=dict)


@dataclass
class Simulator:
    """Answers in `tokens` (one after the other, the last one for ever) at /token, `api` elsewhere."""

    url: str = ""
    tokens: list[dict[str, Any]] = field(default_factory=lambda: [{"access_token": "access-1", "token_type": "bearer"}])
    token_status: int = 200
    token_headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    api: dict[str, dict[str, Any]] = field(default_factory=dict)
    api_status: int = 200
    # Decides for each call of the API which status it gets, where `api_status` is 200.
    judge: Callable[[Asked], int] = lambda asked: 200
    revoke_status: int = 200
    asked: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked_of(self, path: str) -> list[Asked]:
        """The requests that came to one path."""
        return [request for request in self.asked if request.path == path]

    def play(self, slug: str) -> Integration:
        """Make the catalogue row of `slug` talk to this simulator."""
        integration = Integration.objects.get(slug=slug)
        integration.endpoint_overrides = {
            "authorize_url": f"{self.url}/authorize",
            "token_url": f"{self.url}/token",
            "revoke_url": f"{self.url}/revoke",
            "api_url": self.url,
        }
        integration.save()
        return integration

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON and headers for one request."""
        with self._lock:
            self.asked.append(asked)
            if asked.path == "/token":
                token = self.tokens[0] if len(self.tokens) == 1 else self.tokens.pop(0)
                return self.token_status, token, self.token_headers
        if asked.path == "/revoke":
            return self.revoke_status, {}, {}
        status = self.api_status if self.api_status != 200 else self.judge(asked)
        return status, self.api.get(asked.path, {}), {}


@contextmanager
def simulated() -> Iterator[Simulator]:
    """A running simulator."""
    with running(Simulator()) as simulator:
        yield simulator


@contextmanager
def running[S: Simulator](simulator: S) -> Iterator[S]:
    """The simulator on a port of its own."""
    handler = type("Handler", (_Handler,), {"simulator": simulator})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    simulator.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield simulator
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    simulator: Simulator
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        body = json.loads(text) if kind == "application/json" else dict(parse_qsl(text))
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        client = None
        if scheme == "Basic":
            name, _, secret = base64.b64decode(rest).decode().partition(":")
            client = (name, secret)
        bearer = rest if scheme == "Bearer" else ""
        time.sleep(self.simulator.delay)
        sent = {name.lower(): value for name, value in self.headers.items()}
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        asked = Asked(address.path, kind, body, client, bearer, sent, self.command, query)
        status, answer, headers = self.simulator.answer(asked)
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(data))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Quiet."""
