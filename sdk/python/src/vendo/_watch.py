"""Listening for events as long as the tool runs (contract section 5): one piece of logic, two ways to iterate it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, TypeAlias

from vendo._account import Account
from vendo._answers import unreadable, value_of
from vendo._event import Event, event_of
from vendo._flow import Effect
from vendo._http import Request, Response, Unreachable
from vendo._network import Dial, Line, Read, Stream
from vendo._sse import Endless, Parser
from vendo.errors import RateLimited, UpstreamError, ValidationError, VendoError

log = logging.getLogger("vendo")

FIRST_PAUSE = 1.0
# The dashboard replays the last 100 events; each of them came under its old name as well, with the same id.
_REMEMBERED = 512

Opened: TypeAlias = Callable[[], object]
Watching: TypeAlias = Generator[Effect[Any] | Event, Any, None]


@dataclass(frozen=True, slots=True)
class Wait(Effect[None]):
    """Let time pass; ends early when the line is hung up."""

    line: Line
    seconds: float

    def run(self) -> None:
        self.line.wait(self.seconds)

    async def run_async(self) -> None:
        await asyncio.sleep(self.seconds)


@dataclass(slots=True)
class Memory:
    """What was heard, across all streams of one subscription."""

    last_id: str = ""
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def is_new(self, event: Event) -> bool:
        """Whether this is the first time. Without an id there is no telling."""
        if event.id and event.id in self.ids:
            return False
        self.ids.append(event.id)
        return True

    def keep_place(self, event_id: str) -> None:
        """Where to go on after an interruption; an id that no header can carry is not one of the dashboard's."""
        if event_id.isascii() and event_id.isprintable() and 0 < len(event_id) <= 200:
            self.last_id = event_id


def watch(account: Account, line: Line, *, max_backoff_sec: float, on_open: Opened | None) -> Watching:
    """Yields effects to perform and events to hand on, until the line is hung up or the dashboard refuses for good."""
    memory, pauses, opened_before = Memory(), Pauses(max_backoff_sec), False
    while True:
        answer = yield Dial(account.network, _request(account, memory), line)
        if line.has_ended():
            return
        stream, trouble = _opened(answer, account)
        if stream:
            if opened_before:
                account.forget(None)  # an event may have been lost meanwhile, so what is in the cache may be too old
            opened_before = True
            if on_open:
                on_open()
            yield from _listen(account, line, stream, memory, pauses)
            if line.has_ended():
                return
        seconds = pauses.next(at_least=trouble.retry_after or 0)
        log.warning("The event stream is interrupted (%s); again in %.1f s.", trouble.code, seconds)
        yield Wait(line, seconds)
        if line.has_ended():
            return


class Pauses:
    """Between two attempts: a second, doubling to the cap. Jitter keeps the tools of a dashboard out of step."""

    def __init__(self, cap: float) -> None:
        self._cap = cap
        self._next = min(FIRST_PAUSE, cap)

    def next(self, *, at_least: float) -> float:
        """How long to wait now."""
        seconds = self._next * random.uniform(0.5, 1.0)  # noqa: S311
        self._next = min(self._next * 2, self._cap)
        return max(seconds, at_least)

    def start_over(self) -> None:
        """That stream was a good one."""
        self._next = min(FIRST_PAUSE, self._cap)


def checked_backoff(seconds: float) -> float:
    """Raises `ValidationError` for a cap that is none."""
    if not 0 < seconds < float("inf"):
        raise ValidationError("max_backoff_sec is the longest pause between two attempts, in seconds, and above 0.")
    return seconds


def _request(account: Account, memory: Memory) -> Request:
    place = {"Last-Event-ID": memory.last_id} if memory.last_id else {}
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache", **place}
    return account.request(account.settings.base_url, "api/deployments/me/events", headers=headers)


def _opened(answer: Stream | Response | Unreachable, account: Account) -> tuple[Stream | None, VendoError]:
    """The stream, or why there is none; raises what no waiting mends."""
    if not isinstance(answer, Response | Unreachable):
        return answer, UpstreamError("The stream ended.", code="stream_ended")
    try:
        value_of(answer, slug=None, secrets=account.settings.secrets)
    except (UpstreamError, RateLimited) as error:
        return None, error
    return None, unreadable(None)


def _listen(account: Account, line: Line, stream: Stream, memory: Memory, pauses: Pauses) -> Watching:
    parser, since = Parser(), monotonic()
    try:
        while not line.has_ended():
            piece = yield Read(stream)
            if not piece:
                return
            for block in parser.feed(piece):
                event = event_of(block)
                if event and memory.is_new(event):
                    account.forget(event.slug)
                    pauses.start_over()
                    yield event
                memory.keep_place(block.id)
            if monotonic() - since > 2 * FIRST_PAUSE:  # it lived to hear the first ping
                pauses.start_over()
    except Endless:
        log.warning("The event stream holds a line without end.")
    finally:
        stream.close()


class Subscription:
    """Events as they come, for ever. Any thread may `close` it; whoever iterates is then done at once."""

    def __init__(self, account: Account, *, max_backoff_sec: float, on_open: Opened | None) -> None:
        self._line = Line()
        self._flow = watch(account, self._line, max_backoff_sec=checked_backoff(max_backoff_sec), on_open=on_open)
        self._step: Effect[Any] | None = None

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Event:
        while not self._line.has_ended():
            outcome = self._step.run() if self._step else None
            self._step = None
            step = self._flow.send(outcome)
            if isinstance(step, Event):
                return step
            self._step = step  # kept: after a Ctrl-C in the middle of it, the next one goes on
        raise StopIteration

    def close(self) -> None:
        """Stop listening. May be called twice."""
        self._line.hang_up()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self._line.hang_up()


class AsyncSubscription:
    """`Subscription` for asyncio. A cancelled `anext` (`asyncio.timeout`) loses no event: the next one goes on."""

    def __init__(self, account: Account, *, max_backoff_sec: float, on_open: Opened | None) -> None:
        self._line = Line()
        self._flow = watch(account, self._line, max_backoff_sec=checked_backoff(max_backoff_sec), on_open=on_open)
        self._running: asyncio.Future[Any] | None = None
        self._closed = asyncio.Event()

    def __aiter__(self) -> AsyncSubscription:
        return self

    async def __anext__(self) -> Event:
        while not self._line.has_ended():
            try:
                step = self._flow.send(await self._outcome())
            except StopIteration:
                break
            if isinstance(step, Event):
                return step
            self._running = asyncio.ensure_future(step.run_async())
        raise StopAsyncIteration

    async def _outcome(self) -> Any:
        """Of the effect under way, if there is one. Waiting for it does not cancel it."""
        running = self._running
        if running is None:
            return None
        end = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({running, end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            end.cancel()
        self._running = None
        if self._line.has_ended():
            running.cancel()
            return None
        return running.result()

    async def aclose(self) -> None:
        """Stop listening. May be called twice, and from another task."""
        self._line.hang_up()
        self._closed.set()
        if self._running:
            self._running.cancel()

    async def __aenter__(self) -> AsyncSubscription:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._line.hang_up()
