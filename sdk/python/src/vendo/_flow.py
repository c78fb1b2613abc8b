"""One piece of logic, two ways to run it.

What the client does is written once, as generators that never block: they yield *effects* (send this, wait that
long) and get the outcome back. `run` performs the effects by blocking, `run_async` by awaiting. A new feature is a
new generator; a new way to reach the outside is a new effect.
"""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

T = TypeVar("T")


class Effect(ABC, Generic[T]):
    """Something outside that takes time and comes to a `T`."""

    @abstractmethod
    def run(self) -> T: ...

    async def run_async(self) -> T:
        return await asyncio.to_thread(self.run)


Flow: TypeAlias = Generator[Effect[Any], Any, T]


def perform(effect: Effect[T]) -> Flow[T]:
    """`outcome = yield from perform(effect)`: a yield whose outcome has a type."""
    return cast("T", (yield effect))


def run(flow: Flow[T]) -> T:
    with closing(flow):
        outcome: object = None
        while True:
            try:
                effect = flow.send(outcome)
            except StopIteration as end:
                return cast("T", end.value)
            outcome = effect.run()


async def run_async(flow: Flow[T]) -> T:
    with closing(flow):
        outcome: object = None
        while True:
            try:
                effect = flow.send(outcome)
            except StopIteration as end:
                return cast("T", end.value)
            outcome = await effect.run_async()


@dataclass(frozen=True, slots=True)
class Pause(Effect[None]):
    seconds: float

    def run(self) -> None:
        time.sleep(self.seconds)

    async def run_async(self) -> None:
        await asyncio.sleep(self.seconds)


async def in_a_thread_of_its_own(work: Callable[[], T]) -> T:
    """For what may block for minutes: in the loop's pool it would take the place of others, and hold up the exit."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # a cancelled task just stops waiting

    def fly() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (it is delivered)
            future.set_exception(error)

    threading.Thread(target=fly, name="vendo", daemon=True).start()
    return await asyncio.wrap_future(future)
