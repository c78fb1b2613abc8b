"""Servers for tests of what passes through us: an ASGI application on a real port, and an API that notes what it sees.

with upstream() as api, serving(application) as url:
    ...
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn

PIECE = 64 * 1024


@contextlib.contextmanager
def serving(
    application: Any, *, at_the_end: Callable[[], Awaitable[None]] | None = None, http: Any = "auto"
) -> Iterator[str]:
    """The application behind uvicorn, in a thread of this process; yields its address."""
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, http=http, lifespan="off", log_config=None, ws="none"
    )
    server = uvicorn.Server(config)

    async def run() -> None:
        await server.serve()
        if at_the_end:
            await at_the_end()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Seen:
    """A request as it stood on the wire. Names of headers are in lower case; `size` is the body's."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    size: int = 0

    def header(self, name: str) -> str | None:
        """The one header of that name."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None


@dataclass
class Upstream:
    """`reply(seen, handler)` answers each request; `gone` is set when a client hung up on a reply."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    reply: Callable[[Seen, BaseHTTPRequestHandler], None] = lambda seen, handler: answer(handler)
    gone: threading.Event = field(default_factory=threading.Event)


def answer(handler: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"{}", *headers: tuple[str, str]) -> None:
    """A plain answer, with exactly these headers and a length."""
    handler.send_response_only(status)
    for name, value in (("Content-Length", str(len(body))), *headers):
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD" and status not in {204, 304}:
        handler.wfile.write(body)


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    """A running one."""
    api = Upstream()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    api: Upstream
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def _handle(self) -> None:
        # Not `self.path`, which the standard library has tidied up.
        target = self.requestline.split(" ")[1]
        seen = Seen(self.command, target, [(name.lower(), value) for name, value in self.headers.items()])
        self.api.seen.append(seen)
        for piece in self._pieces():
            seen.size += len(piece)
            seen.body = (seen.body + piece) if seen.size <= PIECE else b""
        try:
            self.api.reply(seen, self)
        except OSError:
            self.api.gone.set()
            self.close_connection = True

    def _pieces(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            piece = self.rfile.read(min(PIECE, left))
            if not piece:
                self.api.gone.set()
                return
            left -= len(piece)
            yield piece

    def log_message(self, *args: object) -> None:
        """Quiet."""
