"""Many callers, one request: whoever comes while a question is in the air waits for its answer."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from vendo._flow import Effect
from vendo.errors import VendoError

T = TypeVar("T")


class _Abandoned(Exception):
    """The caller in charge was interrupted (Ctrl-C); one of those who wait takes over."""


class Flights(Generic[T]):
    """The questions in the air, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_the_air: dict[Hashable, Future[T]] = {}

    def board(self, key: Hashable) -> tuple[Future[T], bool]:
        """The flight of this key, and whether the caller has to fly it."""
        with self._lock:
            flight = self._in_the_air.get(key)
            if flight:
                return flight, False
            flight = self._in_the_air[key] = Future()
            # From now on a passenger's cancelled task can't cancel the flight of the others.
            flight.set_running_or_notify_cancel()
            return flight, True

    def fly(self, key: Hashable, work: Callable[[], T]) -> None:
        """Do the work, and land with its outcome, whatever that is."""
        try:
            outcome = work()
        except Exception as error:  # noqa: BLE001 (it is delivered to everyone who waits)
            self._leave(key).set_exception(error)
        except BaseException:
            self._leave(key).set_exception(_Abandoned())
            raise
        else:
            self._leave(key).set_result(outcome)

    def fly_in_a_thread(self, key: Hashable, work: Callable[[], T]) -> None:
        thread = threading.Thread(target=self.fly, args=(key, work), name="vendo", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No more threads to be had, as at interpreter exit: to block for once is better than never to land.
            self.fly(key, work)

    def _leave(self, key: Hashable) -> Future[T]:
        with self._lock:
            return self._in_the_air.pop(key)


@dataclass(frozen=True, slots=True)
class Together(Effect[T]):
    """Do `work`, or wait for the same work of another caller, blocking or not, in whatever thread or event loop.

    A blocking caller works in its own thread. An async one starts a thread of its own for it: were the work a part of
    the event loop or of its thread pool, a blocking call in that loop or pool could wait for it for ever.
    """

    flights: Flights[T]
    key: Hashable
    work: Callable[[], T]

    def run(self) -> T:
        while True:
            flight, is_mine = self.flights.board(self.key)
            if is_mine:
                self.flights.fly(self.key, self.work)
            try:
                return flight.result()
            except _Abandoned:
                continue
            except VendoError as error:
                failure = error
            raise _own(failure)

    async def run_async(self) -> T:
        while True:
            flight, is_mine = self.flights.board(self.key)
            if is_mine:
                self.flights.fly_in_a_thread(self.key, self.work)
            try:
                return await asyncio.wrap_future(flight)
            except _Abandoned:
                continue
            except VendoError as error:
                failure = error
            raise _own(failure)


def _own(error: VendoError) -> VendoError:
    """Each caller raises its own copy: an exception raised in several threads would collect all their tracebacks."""
    return copy.copy(error)
