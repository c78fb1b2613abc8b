"""One piece of logic, two ways to run it.

What the client does is written once, as generators that never block: they yield *effects* (send this, wait that
long) and get the outcome back. `run` performs the effects by blocking, `run_async` by awaiting. A new feature is a
new generator; a new way to reach the outside is a new effect.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Generator
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
