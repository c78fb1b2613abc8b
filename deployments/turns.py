"""Turns: how many of one name may be in the same place at once, while the others wait without holding a thread."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deployments.coalesce import TooMany


class Turns:
    """`at_once` go in under each name; of all names together `most` may wait, each for `patience` seconds.

    Whoever can't wait, or has waited for too long, gets `TooMany`. One instance serves one event loop.
    """

    def __init__(self, *, at_once: int, most: int, patience: float) -> None:
        self._at_once, self._most, self._patience = at_once, most, patience
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._inside: dict[str, int] = {}
        self._waiting = 0

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[bool]:
        """Go in when it is one's turn; tells whether one had to wait. Raises `TooMany`."""
        room = self._rooms.setdefault(name, asyncio.Semaphore(self._at_once))
        self._inside[name] = self._inside.get(name, 0) + 1
        try:
            had_to_wait = room.locked()
            await self._enter(room)
            try:
                yield had_to_wait
            finally:
                room.release()
        finally:
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name], self._rooms[name]

    async def _enter(self, room: asyncio.Semaphore) -> None:
        if not room.locked():
            await room.acquire()
            return
        if self._waiting >= self._most:
            raise TooMany
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await room.acquire()
        except TimeoutError:
            raise TooMany from None
        finally:
            self._waiting -= 1
