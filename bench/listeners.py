"""The listening side of many event streams, in a process of its own.

    python -m bench.listeners PORT FILE [STREAMS]

Opens a stream for each request of FILE (as for `wrk`), and prints a line of JSON when all are open, and again each time
all of them were reached by an event: when the first was, and when the last, on the machine's monotonic clock.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import uvloop

MARK = b"event: connection.changed\n"  # written once for each event
AT_ONCE = 50  # streams being opened at the same moment
PATIENCE = 60.0  # seconds


class Hall:
    """Everybody who listens."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self._arrivals: list[float] = []

    def reached(self, when: float) -> None:
        """One more was reached."""
        self._arrivals.append(when)
        if len(self._arrivals) == self.seats:
            print(json.dumps({"first": self._arrivals[0], "last": when}), flush=True)
            self._arrivals = []


class Stream(asyncio.Protocol):
    """One listener. `open` is done when the server has begun to answer it."""

    def __init__(self, hall: Hall, request: bytes) -> None:
        self._hall, self._request, self._head = hall, request, b""
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """The head and the first comment; from then on, events."""
        if self.open.done():
            for _ in range(data.count(MARK)):
                self._hall.reached(time.monotonic())
            return
        self._head += data
        head, _, body = self._head.partition(b"\r\n\r\n")
        if b":" in body:
            if head.split(b" ", 2)[1] == b"200":
                self.open.set_result(None)
            else:
                self.open.set_exception(RuntimeError(self._head.decode()))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody may leave."""
        sys.exit("The server closed a stream.")


async def main(port: int, requests: Sequence[bytes]) -> None:
    """Listen until standard input is closed."""
    hall, loop, gate = Hall(len(requests)), asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def listen(request: bytes) -> None:
        async with gate, asyncio.timeout(PATIENCE):
            _, stream = await loop.create_connection(lambda: Stream(hall, request), "127.0.0.1", port)
            await stream.open

    async with asyncio.TaskGroup() as group:
        for request in requests:
            group.create_task(listen(request))
    print(json.dumps({"open": len(requests)}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def read(path: Path, count: int) -> list[bytes]:
    """So many requests, the file's in turn."""
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    texts = ["\r\n".join([f"GET {parts[0]} HTTP/1.1", "Host: localhost", *parts[1:], "", ""]) for parts in lines]
    return [text.encode() for text in islice(cycle(texts), count)]


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), read(Path(sys.argv[2]), int(sys.argv[3]))))
