"""What surrounds the example tool: a dashboard that speaks the contract, Notion and Google look-alikes, its process."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services import PATIENCE

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "examples" / "notion-importer"
API_KEY = "vendo_sk_" + "k" * 32
APP_ID = "7d0f9a52-0000-4000-8000-00000000000a"

READING = {
    "object": "database",
    "id": "d-1",
    "title": [{"plain_text": "Reading "}, {"plain_text": "list"}],
    "last_edited_time": "2026-03-02T09:30:00.000Z",
    "url": "https://www.notion.so/d1",
}
ROADMAP = {**READING, "id": "d-2", "title": [{"plain_text": "Roadmap"}], "icon": {"type": "emoji", "emoji": "🚂"}}
SKETCH = {"id": "f-1", "name": "Sketch.png", "mimeType": "image/png", "modifiedTime": "2026-03-01T10:00:00Z"}


@dataclass
class Asked:
    """A request that reached one of the look-alikes."""

    path: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: Any


@dataclass
class Reply:
    """What a look-alike answers. `body` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class World:
    """All the servers in one, by path: /credentials and /connections, /notion, /google.

    `connected` maps a slug to the tokens that the dashboard gives out, one after the other, the last for ever;
    `refusals` to the code it refuses with (`binding_missing` where it knows nothing). `accepted` are the tokens that
    the providers take; `notion` and `drive` are their answers to those.
    """

    origin: str = ""
    port: int = 0
    connected: dict[str, list[str]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=lambda: {"notion-token-1", "drive-token-1"})
    notion: Reply = field(default_factory=lambda: Reply(body={"results": [READING, ROADMAP], "has_more": False}))
    drive: Reply = field(default_factory=lambda: Reply(body={"files": [SKETCH]}))
    connect_page: str = ""
    asked: list[Asked] = field(default_factory=list)

    def asked_of(self, path: str) -> list[Asked]:
        """The requests that came to one path."""
        return [asked for asked in self.asked if asked.path == path]

    @property
    def dashboard(self) -> str:
        """The dashboard's origin: another host name than the tool's, as in real life."""
        return f"http://localhost:{self.port}"

    def surroundings(self, *, on_dashboard: bool) -> dict[str, str]:
        """The environment that points the tool here."""
        addresses = {"NOTION_API_URL": f"{self.origin}/notion", "GOOGLE_API_URL": f"{self.origin}/google"}
        return addresses | (
            {"VENDO_API_KEY": API_KEY, "VENDO_BASE_URL": self.dashboard, "SESSION_SECRET": "s" * 64}
            if on_dashboard
            else {}
        )

    def answer(self, asked: Asked) -> Reply:
        """One request."""
        self.asked.append(asked)
        bearer = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        match asked.path.strip("/").split("/"):
            case ["credentials", slug]:
                return self._credentials(slug, bearer, has_pick="X-Vendo-Connection" in asked.headers)
            case ["connections", "connect", _]:
                return Reply(body=self.connect_page.encode(), headers={"Content-Type": "text/html"})
            case _ if bearer not in self.accepted:
                return Reply(401, {"message": f"bad token {bearer}"})
            case ["notion", "v1", "search"]:
                return self.notion
            case ["google", "drive", "v3", "files"]:
                return self.drive
            case _:
                return Reply(404, {})

    def _credentials(self, slug: str, bearer: str, *, has_pick: bool) -> Reply:
        if bearer != API_KEY:
            return self._refusal(401, "app_unknown", slug)
        if slug in self.connected and not has_pick and slug not in self.refusals:
            tokens = self.connected[slug]
            token = tokens[0] if len(tokens) == 1 else tokens.pop(0)
            return Reply(body={"access_token": token, "expires_at": None, "token_type": "Bearer"})
        code = "binding_missing" if has_pick else self.refusals.get(slug, "binding_missing")
        return self._refusal({"binding_missing": 403, "rate_limited": 429}.get(code, 401), code, slug)

    def _refusal(self, status: int, code: str, slug: str) -> Reply:
        error: dict[str, Any] = {"code": code, "message": f"The dashboard says {code}.", "slug": slug}
        if code in {"binding_missing", "connection_needs_reauth"}:
            error["connect_url"] = f"{self.dashboard}/connections/connect/{slug}?app={APP_ID}"
        return Reply(status, {"error": error}, {"Vendo-Error-Code": code})


class _Handler(BaseHTTPRequestHandler):
    world: World
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length)
        parts = urlsplit(self.path)
        asked = Asked(parts.path, dict(self.headers), parse_qs(parts.query), json.loads(text) if text else None)
        reply = self.world.answer(asked)
        data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data))} | dict(reply.headers)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815 (the name that http.server looks for)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def world() -> Iterator[World]:
    """The servers, running."""
    made = World()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"world": made}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.port = server.server_port
    made.origin = f"http://127.0.0.1:{made.port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Answer:
    """What the tool answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.text)


@dataclass
class Tool:
    """The tool's process."""

    port: int
    log_file: Path

    @property
    def origin(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that it has printed."""
        return self.log_file.read_text()

    def get(self, path: str = "/", *, method: str = "GET") -> Answer:
        """Ask it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()


@contextmanager
def running(folder: Path, environment: Mapping[str, str], *, dotenv: str = "") -> Iterator[Tool]:
    """A copy of the tool in `folder`, running with `environment` and nothing else of ours."""
    copy = folder / "tool"
    shutil.copytree(TOOL, copy, ignore=shutil.ignore_patterns(".env", "__pycache__"))
    if dotenv:
        (copy / ".env").write_text(dotenv)
    log_file = folder / "tool.log"
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "sdk" / "python" / "src"), "PORT": "0"}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=copy, env=own | dict(environment), stdout=log, stderr=log
        )
    try:
        yield Tool(_port(process, log_file), log_file)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _port(process: "subprocess.Popen[bytes]", log_file: Path) -> int:
    """The port that the tool took, from the line it prints once it serves."""
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at:
        _, found, rest = log_file.read_text().partition("Ready at http://127.0.0.1:")
        if found and "\n" in rest:
            return int(rest.partition("\n")[0])
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"The tool did not start:\n{log_file.read_text()}")
