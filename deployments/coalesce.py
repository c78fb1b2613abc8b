"""Many questions asked at the same moment, answered together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

type Desk[Q, A] = Callable[[Sequence[Q]], Awaitable[Sequence[A]]]


class TooMany(Exception):
    """More wait than could be answered in good time."""


class Coalesced[Q, A]:
    """Collects questions while earlier ones are being answered, and asks them all at once then.

    Who asks while all desks are idle is answered alone. Otherwise a desk gets at most `batch` questions at a time and
    returns the answers in their order. What it raises, everybody in that batch gets, and so a `TimeoutError` after
    `deadline` seconds. While `most` are waiting, `TooMany` is raised at once. One instance serves one event loop.
    """

    def __init__(self, desks: Sequence[Desk[Q, A]], *, deadline: float, batch: int, most: int) -> None:
        self._idle, self._desks = list(desks), len(desks)
        self._deadline, self._batch, self._most = deadline, batch, most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Q) -> A:
        """The answer to one question."""
        if len(self._idle) == self._desks:
            return await self._alone(question)
        if len(self._waiting) >= self._most:
            raise TooMany
        loop = asyncio.get_running_loop()
        future: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, future))
        self._start()
        return await future

    def _start(self) -> None:
        """Set a desk to work, if one is idle. Not at once: whoever else is ready in this turn comes along."""
        if self._idle and self._waiting:
            task = asyncio.get_running_loop().create_task(self._work(self._idle.pop()))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def _alone(self, question: Q) -> A:
        """When nobody else asks, without the detour over another task, which costs more than the question."""
        desk = self._idle.pop()
        try:
            async with asyncio.timeout(self._deadline):
                [answer] = await desk([question])
            return answer
        finally:
            self._idle.append(desk)
            self._start()

    async def _work(self, desk: Desk[Q, A]) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
            try:
                async with asyncio.timeout(self._deadline):
                    answers = await desk([question for question, _ in batch])
            except Exception as error:  # noqa: BLE001  (handed to those who asked)
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():  # else its asker went away
                        future.set_result(answer)
        self._idle.append(desk)
