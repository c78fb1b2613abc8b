"""One change of a connection that 200 apps share, with five open streams each: when was the last of 1,000 told?

    python bench/streams.py [--quick]

The yardstick is a queue for each stream, fed within the server's own process by one loop: no database, no Redis.
"""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import harness
from bench.harness import Server
from tests import services

STREAMS_OF_AN_APP = 5  # contract section 5
WARM = 50  # streams opened and closed before memory is looked at
SETTLE = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it all."""

    apps: int
    rounds: int


FULL, QUICK = Size(200, 21), Size(20, 3)


class Child:
    """A process that answers with lines."""

    def __init__(self, env: Mapping[str, str], *arguments: object) -> None:
        command = [sys.executable, "-m", *map(str, arguments)]
        self._process = subprocess.Popen(
            command, cwd=harness.ROOT, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    @property
    def _input(self) -> IO[str]:
        assert self._process.stdin
        return self._process.stdin

    def nudge(self) -> None:
        """Send a line."""
        self._input.write("\n")
        self._input.flush()

    def line(self) -> str:
        """The next line. Raises if there is none."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("A process of the benchmark ended too early.")
        return line


@dataclass(frozen=True, slots=True)
class Contender:
    """A server with its streams. `change` makes an event, and returns when that was."""

    server: Server
    streams: Child
    kilobytes: float  # of memory for each idle stream
    change: Callable[[], float]

    def turn(self) -> float:
        """Milliseconds from the change to the last stream."""
        changed_at = self.change()
        reached = json.loads(self.streams.line())
        time.sleep(SETTLE)  # the change has its own work to end, and the other contender starts from rest
        return float(reached["last"] - changed_at) * 1000


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Milliseconds to the last stream, and kilobytes of memory for each idle one, ours and the yardstick's."""
    size = QUICK if quick else FULL
    with harness.folder() as folder, contenders(folder, size) as found:
        for contender in found.values():
            contender.turn()
        pairs = harness.rounds(found["raw"].turn, {"ours": found["ours"].turn}, size.rounds)
        return {
            "streams": size.apps * STREAMS_OF_AN_APP,
            "last": harness.figures(pairs, "raw", float),
            "kilobytes": {name: one.kilobytes for name, one in found.items()},
        }


@contextmanager
def contenders(folder: Path, size: Size) -> Iterator[dict[str, Contender]]:
    """Both, with all streams open."""
    with ExitStack() as stack:
        database, redis = stack.enter_context(services.postgres()), stack.enter_context(services.redis())
        env = harness.environment(folder, database, redis)
        keys = harness.populate(env, "audience", size.apps)
        changing = stack.enter_context(Child(env, "bench.rename", keys[0]["connection"]))

        def rename() -> float:
            changing.nudge()
            return float(changing.line())

        requests = harness.write_requests(folder / "events", (_request(key) for key in keys))
        ours = stack.enter_context(Server(harness.DASHBOARD, env, folder))
        raw = stack.enter_context(Server("bench.yardsticks:fan_out", env, folder))

        def contender(server: Server, change: Callable[[], float]) -> Contender:
            return Contender(server, *listen(stack, server, requests, size.apps * STREAMS_OF_AN_APP), change)

        yield {"raw": contender(raw, lambda: _ring(raw)), "ours": contender(ours, rename)}


def listen(stack: ExitStack, server: Server, requests: Path, count: int) -> tuple[Child, float]:
    """Open all streams. The kilobytes for each are what the server's process grew by."""
    with Child(server.environment, "bench.listeners", server.port, requests, WARM) as some:
        some.line()
    time.sleep(SETTLE)
    before = server.memory()
    listeners = stack.enter_context(Child(server.environment, "bench.listeners", server.port, requests, count))
    listeners.line()
    time.sleep(SETTLE)
    return listeners, (server.memory() - before) / count / 1024


def _request(key: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    return "/api/deployments/me/events", {"Authorization": f"Bearer {key['key']}"}


def _ring(server: Server) -> float:
    with urllib.request.urlopen(f"{server.url}/ring", timeout=30) as answer:  # noqa: S310  (a server of ours)
        return float(answer.read())


if __name__ == "__main__":
    harness.show(measure)
