"""Many requests at once for an expired token, over two web processes: one refresh, and nobody waits for more than that.

    python bench/refresh.py [--quick]

The yardstick is one request for an expired token, alone.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from bench import harness
from bench.harness import Server
from tests import services
from tests.sandbox.process import SandboxProcess, issue

AT_ONCE = 32
PROVIDER_MS = 200  # how long the provider takes to answer; real ones take about that
EXPIRE = (
    "UPDATE connections_connection SET expires_at = now() - interval '1 minute', refreshed_at = now() - interval '1h'"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Two web processes, their database, and the provider."""

    servers: tuple[Server, Server]
    database: psycopg.Connection[Any]
    sandbox: SandboxProcess
    key: Mapping[str, str]

    def turn(self, count: int) -> dict[str, float]:
        """So many requests for a token that has just ended: milliseconds to the last answer, refreshes made."""
        self.database.execute(EXPIRE)
        before, gate = self._refreshes(), threading.Barrier(count)
        started: list[float] = []

        def ask(number: int) -> str:
            connection = http.client.HTTPConnection("127.0.0.1", self.servers[number % 2].port, timeout=60)
            connection.connect()
            gate.wait()
            started.append(time.monotonic())
            headers = {"Host": harness.HOST, "Authorization": f"Bearer {self.key['key']}"}
            connection.request("GET", f"/credentials/{self.key['slug']}", headers=headers)
            answer = json.load(connection.getresponse())
            connection.close()
            return str(answer["access_token"])

        with ThreadPoolExecutor(count) as pool:
            tokens = set(pool.map(ask, range(count)))
        lasted = time.monotonic() - min(started)
        if len(tokens) != 1:
            raise RuntimeError(f"{count} requests at once got {len(tokens)} different tokens.")
        return {"ms": lasted * 1000, "refreshes": self._refreshes() - before}

    def _refreshes(self) -> int:
        return self.sandbox.log().get("refresh_token", 0)


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Refreshes at the provider, and the time to the last answer beside that of a single request."""
    with harness.folder() as folder, stage(folder) as found:
        pairs = harness.rounds(partial(found.turn, 1), {"many": partial(found.turn, AT_ONCE)}, 3 if quick else 15)
    return {
        "at_once": AT_ONCE,
        "provider_ms": PROVIDER_MS,
        "refreshes": max(turn["refreshes"] for _, turn in pairs["many"]),
        "time": harness.figures(pairs, "one", lambda turn: turn["ms"]),
    }


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """All of it, running and warm."""
    with ExitStack() as stack:
        database, redis = stack.enter_context(services.postgres()), stack.enter_context(services.redis())
        sandbox = stack.enter_context(SandboxProcess(folder / "sandbox.sqlite3"))
        env = harness.environment(folder, database, redis)
        refresh_token = issue(sandbox, "google")["refresh_token"]
        (key,) = harness.populate(env, "expired", sandbox.url, refresh_token)
        servers = (
            stack.enter_context(Server(harness.DASHBOARD, env, folder)),
            stack.enter_context(Server(harness.DASHBOARD, env, folder)),
        )
        sandbox.control(token_delay_ms=PROVIDER_MS)
        with psycopg.connect(database, autocommit=True) as connection:
            found = Stage(servers, connection, sandbox, key)
            found.turn(AT_ONCE)
            yield found


if __name__ == "__main__":
    harness.show(measure)
