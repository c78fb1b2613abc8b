"""How a dashboard is reached: one exchange at a time, or a stream that stays open until somebody hangs up."""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Protocol

from vendo._flow import Effect, in_a_thread_of_its_own
from vendo._http import FAILURES, Request, Response, Unreachable, on_the_wire, reason, send, whole

CONNECT_SECONDS = 10.0
# The dashboard says something every 25 s. Who has missed two of those is not there any more.
SILENCE_SECONDS = 60.0
_PIECE = 65_536


class Stream(Protocol):
    """An answer that goes on."""

    def read(self) -> bytes:
        """What has come by now, waiting for the first byte; empty once nothing more will come."""

    def close(self) -> None:
        """Give it back. To stop a `read` in another thread, hang up its `Line`."""


class Line:
    """What a subscription hears through. Any thread may hang up, and whoever listens then hears the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cut: Callable[[], None] | None = None
        self._ended = threading.Event()

    def has_ended(self) -> bool:
        """Whether somebody has hung up."""
        return self._ended.is_set()

    def hold(self, cut: Callable[[], None]) -> None:
        """From now on `cut` is what ends the open connection."""
        with self._lock:
            self._cut = cut
        if self.has_ended():
            cut()

    def hang_up(self) -> None:
        """End it, now and for good."""
        self._ended.set()
        with self._lock:
            cut, self._cut = self._cut, None
        if cut:
            cut()

    def wait(self, seconds: float) -> None:
        """Let time pass, or until it is ended."""
        self._ended.wait(seconds)


class Network:
    """The real one. `repeats`: a failure may pass."""

    repeats = True

    def send(self, request: Request, timeout: float) -> Response | Unreachable:
        """One exchange; `timeout` is seconds of silence."""
        return send(request, timeout)

    def open(self, request: Request, line: Line) -> Stream | Response | Unreachable:
        """The stream that a good answer is, and any other answer as a whole."""
        opener = urllib.request.OpenerDirector()
        opener.addheaders = []
        for handler in (urllib.request.ProxyHandler(), _Http(line), _Https(line), urllib.request.UnknownHandler()):
            opener.add_handler(handler)
        try:
            answer = opener.open(on_the_wire(request), timeout=CONNECT_SECONDS)
            return _Incoming(answer) if _is_stream(answer) else _closed(answer)
        except FAILURES as error:
            return Unreachable(reason(error))


NETWORK = Network()


@dataclass(frozen=True, slots=True)
class Dial(Effect["Stream | Response | Unreachable"]):
    """Open a stream."""

    network: Network
    request: Request
    line: Line

    def run(self) -> Stream | Response | Unreachable:
        answer = self.network.open(self.request, self.line)
        if self.line.has_ended() and not isinstance(answer, Response | Unreachable):
            answer.close()  # nobody waits for it any more
        return answer

    async def run_async(self) -> Stream | Response | Unreachable:
        return await in_a_thread_of_its_own(self.run)


@dataclass(frozen=True, slots=True)
class Read(Effect[bytes]):
    """The next piece of a stream; empty at its end, whatever the reason."""

    stream: Stream

    def run(self) -> bytes:
        return self.stream.read()

    async def run_async(self) -> bytes:
        return await in_a_thread_of_its_own(self.run)


@dataclass(frozen=True, slots=True)
class _Incoming:
    answer: HTTPResponse

    def read(self) -> bytes:
        try:
            return self.answer.read1(_PIECE)
        except (OSError, HTTPException, ValueError):  # the last one: closed in another thread
            return b""

    def close(self) -> None:
        self.answer.close()


def _is_stream(answer: HTTPResponse) -> bool:
    return answer.status == 200 and answer.headers.get_content_type() == "text/event-stream"


def _closed(answer: HTTPResponse) -> Response | Unreachable:
    with answer:
        return whole(answer)


class _Held:
    """A connection that can be cut from the moment it stands, and patient from then on."""

    sock: socket.socket

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # HTTPConnection's, one further along
        sock = self.sock
        sock.settimeout(SILENCE_SECONDS)
        self._line.hold(lambda: _shut(sock))


class _HeldHttp(_Held, HTTPConnection):
    pass


class _HeldHttps(_Held, HTTPSConnection):
    pass


def _shut(sock: socket.socket) -> None:
    """Wake whoever reads. Closing would not, and TLS's own `shutdown` pulls the rug from under a reader."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_HeldHttp, req, line=self._line)  # type: ignore[arg-type]


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_HeldHttps, req, line=self._line, context=_trust())  # type: ignore[arg-type]


@cache
def _trust() -> ssl.SSLContext:
    """Made once: reading the certificates of the system takes longer than most requests."""
    return ssl.create_default_context()
