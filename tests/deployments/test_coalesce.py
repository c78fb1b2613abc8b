"""Questions that are answered together."""

import asyncio
from collections.abc import Sequence

import pytest

from deployments.coalesce import Coalesced, TooMany

pytestmark = pytest.mark.asyncio


class Oracle:
    """Answers with the question's double once `open` is set, and keeps the batches it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()

    async def __call__(self, questions: Sequence[int]) -> list[int]:
        self.batches.append(list(questions))
        await self.open.wait()
        if 13 in questions:
            raise LookupError("13")
        return [2 * question for question in questions]


def ask(oracle: Oracle, **changes: float) -> Coalesced[int, int]:
    limits = {"deadline": 5.0, "batch": 8, "most": 100} | changes
    return Coalesced([oracle], deadline=limits["deadline"], batch=int(limits["batch"]), most=int(limits["most"]))


async def test_what_is_asked_in_one_turn_is_asked_together() -> None:
    oracle = Oracle()
    oracle.open.set()
    assert list(await asyncio.gather(*map(ask(oracle), range(5)))) == [0, 2, 4, 6, 8]
    assert oracle.batches == [[0, 1, 2, 3, 4]]


async def test_what_comes_meanwhile_is_asked_next_in_batches_of_bounded_size() -> None:
    oracle = Oracle()
    coalesced = ask(oracle)
    first = asyncio.create_task(coalesced(0))
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(coalesced(number)) for number in range(1, 12)]
    await asyncio.sleep(0.01)
    oracle.open.set()
    assert list(await asyncio.gather(first, *rest)) == [2 * number for number in range(12)]
    assert oracle.batches == [[0], list(range(1, 9)), list(range(9, 12))]


async def test_two_desks_work_side_by_side() -> None:
    left, right = Oracle(), Oracle()
    coalesced = Coalesced([left, right], deadline=5, batch=8, most=100)
    first = asyncio.create_task(coalesced(1))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(coalesced(2))
    await asyncio.sleep(0.01)
    assert sorted(left.batches + right.batches) == [[1], [2]]
    left.open.set()
    right.open.set()
    assert list(await asyncio.gather(first, second)) == [2, 4]


async def test_a_failure_is_told_to_everybody_of_its_batch_and_to_nobody_else() -> None:
    oracle = Oracle()
    oracle.open.set()
    coalesced = ask(oracle)
    assert [type(answer) for answer in await asyncio.gather(coalesced(13), coalesced(1), return_exceptions=True)] == [
        LookupError,
        LookupError,
    ]
    assert await coalesced(2) == 4


async def test_an_oracle_that_is_silent_is_given_up() -> None:
    oracle = Oracle()
    coalesced = ask(oracle, deadline=0.05)
    with pytest.raises(TimeoutError):
        await coalesced(1)
    oracle.open.set()
    assert await coalesced(2) == 4


async def test_a_queue_that_is_full_refuses_at_once() -> None:
    oracle = Oracle()
    coalesced = ask(oracle, most=2)
    waiting = [asyncio.create_task(coalesced(number)) for number in range(2)]
    await asyncio.sleep(0.01)
    more = [asyncio.create_task(coalesced(number)) for number in range(2, 4)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await coalesced(9)
    oracle.open.set()
    assert list(await asyncio.gather(*waiting, *more)) == [0, 2, 4, 6]


async def test_somebody_who_goes_away_takes_no_answer_from_the_others() -> None:
    oracle = Oracle()
    coalesced = ask(oracle)
    tasks = [asyncio.create_task(coalesced(number)) for number in range(3)]
    await asyncio.sleep(0.01)
    tasks[1].cancel()
    oracle.open.set()
    assert list(await asyncio.gather(tasks[0], tasks[2])) == [0, 4]
