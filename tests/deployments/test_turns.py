"""Turns at the way that takes a thread for each request."""

import asyncio

import pytest

from deployments.coalesce import TooMany
from deployments.turns import Turns

pytestmark = pytest.mark.asyncio


class Place:
    """Somewhere to be; counts who is there at the same time."""

    def __init__(self, **limits: float) -> None:
        self.turns = Turns(**{"at_once": 2, "most": 10, "patience": 5.0} | limits)  # type: ignore[arg-type]
        self.there, self.most = 0, 0
        self.open = asyncio.Event()

    async def visit(self, name: str) -> bool:
        """Stay until it opens; whether there was a queue."""
        async with self.turns.of(name) as had_to_wait:
            self.there += 1
            self.most = max(self.most, self.there)
            await self.open.wait()
            self.there -= 1
        return had_to_wait


async def settle() -> None:
    """Let everybody who can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_of_one_name_go_in_at_once_and_the_others_follow() -> None:
    place = Place()
    visits = [asyncio.create_task(place.visit("a")) for _ in range(6)]
    await settle()
    assert place.there == 2
    place.open.set()
    assert await asyncio.gather(*visits) == [False, False, True, True, True, True]
    assert place.most == 2


async def test_another_name_does_not_wait_for_them() -> None:
    place = Place()
    visits = [asyncio.create_task(place.visit(name)) for name in ("a", "a", "a", "b")]
    await settle()
    assert place.there == 3
    place.open.set()
    assert await asyncio.gather(*visits) == [False, False, True, False]


async def test_who_finds_the_queue_full_is_told_at_once_and_who_waits_too_long_then() -> None:
    place = Place(most=1, patience=0.05)
    visits = [asyncio.create_task(place.visit("a")) for _ in range(3)]
    await settle()
    with pytest.raises(TooMany):
        await place.visit("a")
    with pytest.raises(TooMany):
        await visits[2]
    place.open.set()
    assert await asyncio.gather(*visits[:2]) == [False, False]
    assert await place.visit("a") is False


async def test_who_goes_away_while_waiting_leaves_its_place_to_the_next() -> None:
    place = Place()
    visits = [asyncio.create_task(place.visit("a")) for _ in range(4)]
    await settle()
    visits[2].cancel()
    place.open.set()
    assert await asyncio.gather(*visits[:2], visits[3]) == [False, False, True]
    assert place.turns._rooms == {}  # nothing is remembered of names that are gone
