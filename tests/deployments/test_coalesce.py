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
        await asyncio.sleep(0)  # as a database, it never answers on the spot
        await self.open.wait()
        if 13 in questions:
            raise LookupError("13")
        return [2 * question for question in questions]


def ask(oracle: Oracle, **changes: float) -> Coalesced[int, int]:
    limits = {"deadline": 5.0, "batch": 8, "most": 100} | changes
    return Coalesced([oracle], deadline=limits["deadline"], batch=int(limits["batch"]), most=int(limits["most"]))


async def test_who_asks_first_is_answered_alone_and_who_comes_in_the_same_turn_together() -> None:
    alone, together = Oracle(), Oracle()
    alone.open.set()
    together.open.set()
    # The last desk is taken first.
    coalesced = Coalesced([together, alone], deadline=5, batch=8, most=100)
    assert await asyncio.gather(*map(coalesced, range(5))) == [0, 2, 4, 6, 8]
    assert (alone.batches, together.batches) == ([[0]], [[1, 2, 3, 4]])


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
    answers = await asyncio.gather(*map(coalesced, [1, 13, 2]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, LookupError, LookupError]
    assert await coalesced(2) == 4


async def test_a_failure_of_one_who_asks_alone_is_told_to_that_one() -> None:
    oracle = Oracle()
    oracle.open.set()
    coalesced = ask(oracle)
    with pytest.raises(LookupError):
        await coalesced(13)
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
    tasks = [asyncio.create_task(coalesced(number)) for number in range(3)]  # one at work, two that wait
    await asyncio.sleep(0.01)
    with pytest.raises(TooMany):
        await coalesced(9)
    oracle.open.set()
    assert list(await asyncio.gather(*tasks)) == [0, 2, 4]


async def test_somebody_who_goes_away_takes_no_answer_from_the_others() -> None:
    oracle = Oracle()
    coalesced = ask(oracle)
    tasks = [asyncio.create_task(coalesced(number)) for number in range(3)]
    await asyncio.sleep(0.01)
    tasks[1].cancel()
    oracle.open.set()
    assert list(await asyncio.gather(tasks[0], tasks[2])) == [0, 4]
