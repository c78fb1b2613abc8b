"""One HTTP exchange with the standard library, and how often a read is repeated."""

from __future__ import annotations

import json
import logging
import random
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import TypeAlias
from urllib.error import URLError

from vendo._flow import Effect, Flow, Pause, perform

log = logging.getLogger("vendo")

# A provider may be slow while the dashboard refreshes its token, so one attempt is patient; all together have an end.
ATTEMPT_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
PAUSES: tuple[float, ...] = (0.5, 1.0, 2.0)

_REPEATABLE = frozenset({500, 502, 503, 504})
# What a network does to us; each becomes `Unreachable`.
FAILURES = (OSError, HTTPException, UnicodeError)
# Far above any answer of the contract; a runaway body must not fill the tool's memory.
_BODY_LIMIT = 4_000_000


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    headers: Mapping[str, str] = field(repr=False)
    method: str = "GET"
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What the server said. `headers` has lower-case names; the body may hold a token, so `repr` shows neither."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def seconds_to_wait(self) -> int:
        """`Retry-After` in seconds; 0 where it is missing or no number."""
        value = self.headers.get("retry-after", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0

    def json(self) -> object:
        """The value, or None. The parser's exception is dropped on purpose: it would carry the body, tokens and all."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def __str__(self) -> str:
        return f"status {self.status}"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer came, or not a whole one."""

    reason: str
    seconds_to_wait = 0

    def __str__(self) -> str:
        return self.reason


Exchange: TypeAlias = Callable[[Request, float], Response | Unreachable]
"""How a request gets to a dashboard: `send`, or a dashboard in memory where tools are tested."""


@dataclass(frozen=True, slots=True)
class Send(Effect[Response | Unreachable]):
    exchange: Exchange
    request: Request
    timeout: float

    def run(self) -> Response | Unreachable:
        return self.exchange(self.request, self.timeout)


def send(request: Request, timeout: float) -> Response | Unreachable:
    """One exchange over the network; `timeout` is seconds of silence."""
    try:
        with _opener().open(on_the_wire(request), timeout=timeout) as answer:
            return whole(answer)
    except FAILURES as error:
        return Unreachable(reason(error))


def on_the_wire(request: Request) -> urllib.request.Request:
    """The request as urllib wants it."""
    return urllib.request.Request(  # noqa: S310 (settings admit http and https only)
        request.url, request.body, headers=dict(request.headers), method=request.method
    )


def whole(answer: HTTPResponse) -> Response | Unreachable:
    """The answer, read to its end."""
    body = answer.read(_BODY_LIMIT)
    if answer.length:  # a limited read ends early without a word
        return Unreachable("the answer was cut short")
    return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)


def get(exchange: Exchange, request: Request, *, repeats: bool = True) -> Flow[Response | Unreachable]:
    """Send a GET; repeat it after a failure that may pass, at most three times and within `PATIENCE_SECONDS`."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    for pause in (*(PAUSES if repeats else ()), None):
        left = max(give_up_at - monotonic(), 1.0)
        answer = yield from perform(Send(exchange, request, timeout=min(ATTEMPT_SECONDS, left)))
        if pause is None or not _may_pass(answer):
            break
        # The jitter keeps the processes of one tool from knocking in step.
        seconds = max(pause * random.uniform(0.5, 1.0), answer.seconds_to_wait)  # noqa: S311
        if monotonic() + seconds >= give_up_at:
            break
        log.info("%s %s: %s; again in %.1f s", request.method, request.url, answer, seconds)
        yield from perform(Pause(seconds))
    return answer


def _may_pass(answer: Response | Unreachable) -> bool:
    return isinstance(answer, Unreachable) or answer.status in _REPEATABLE


@cache
def _opener() -> urllib.request.OpenerDirector:
    """An opener that heeds proxy variables, hands back every status as it is, and has nothing that follows redirects.

    A redirect could point at another host, and urllib would take the bearer along. Made once: reading the
    certificates of the system takes longer than most requests.
    """
    opener = urllib.request.OpenerDirector()
    opener.addheaders = []
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def reason(error: Exception) -> str:
    """Why there is no answer, in words that quote nothing of what was sent or received."""
    cause = error.reason if isinstance(error, URLError) else error
    words = cause.strerror if isinstance(cause, OSError) else None
    return words or type(cause).__name__
