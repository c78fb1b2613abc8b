"""`GET /credentials/<slug>`, which every tool calls all day, beside a server that only says hello.

python bench/vend.py [--quick]
"""

import json
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from bench import harness
from bench.harness import Contender, Server
from tests import services

MANY, ONE = 16, 1  # connections that ask at the same time


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it all."""

    customers: int
    times: int  # the big database has so many times more rows; 1: there is none
    rounds: int
    seconds: int


FULL, QUICK = Size(10_000, 100, 7, 2), Size(500, 1, 2, 1)


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Requests a second at many connections, the median latency in milliseconds at one, each also as a ratio."""
    size = QUICK if quick else FULL
    with harness.folder() as folder, contenders(folder, size) as found:
        hello = found.pop("hello")
        for contender in (hello, *found.values()):
            contender.turn(MANY, size.seconds)  # every process is warm, and the use of each key is noted
        loads = harness.under_load(hello, found, connections=MANY, seconds=size.seconds, count=size.rounds)
        many = harness.figures(loads, "hello", lambda load: load.per_second)
        alone = harness.under_load(hello, found, connections=ONE, seconds=1, count=size.rounds)
    return {
        "many": many,
        "one": harness.figures(alone, "hello", lambda load: load.median_ms),
        # What a request costs among a million connections, beside ten thousand.
        "million": many["postgres"]["ratio"] / many["million"]["ratio"] if "million" in found else None,
        "generator_busy": median(reference.busy for reference, _ in loads["postgres"]),
    }


# --- who is measured --------------------------------------------------------------------------------------------------


@contextmanager
def contenders(folder: Path, size: Size) -> Iterator[dict[str, Contender]]:
    """All of them, running; the yardstick is `hello`."""
    with ExitStack() as stack:
        small = stack.enter_context(services.postgres())
        env = harness.environment(folder, small)

        def serve(application: str, database: str = small) -> Server:
            return stack.enter_context(Server(application, {**env, "DATABASE_URL": database}, folder))

        keys = harness.populate(env, "customers", size.customers)
        tokens = harness.write_requests(folder / "tokens", map(request, keys))
        hello = harness.write_requests(folder / "hello", [("/", {})])
        nothing = harness.write_requests(folder / "nothing", [("/nothing", {})])
        view = harness.write_requests(folder / "view", (request(key, chosen=True) for key in keys))
        postgres = serve(harness.DASHBOARD)
        found = {
            "hello": Contender(serve("bench.yardsticks:hello"), hello),
            "postgres": Contender(postgres, tokens),
            "sqlite": Contender(serve(harness.DASHBOARD, _on_sqlite(env, size)), tokens),
        }
        if size.times > 1:
            found["view"] = Contender(postgres, view)
            found["stock"] = Contender(serve("bench.stock:application"), nothing)
            found["million"] = Contender(serve(harness.DASHBOARD, _million(env, size)), tokens)
        for contender in found.values():
            if contender.requests == tokens:
                _check(contender.server, keys[0])
        yield found


def _on_sqlite(env: Mapping[str, str], size: Size) -> str:
    url = f"sqlite:///{env['VENDO_DATA_DIR']}/vendo.sqlite3"
    harness.populate({**env, "DATABASE_URL": url}, "customers", size.customers)
    return url


def _million(env: Mapping[str, str], size: Size) -> str:
    """A second database on the same server, with the same customers among many others."""
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE million")
    url = f"{env['DATABASE_URL'].rpartition('/')[0]}/million"
    harness.populate({**env, "DATABASE_URL": url}, "customers", size.customers, size.times)
    return url


def request(key: Mapping[str, str], *, chosen: bool = False) -> tuple[str, dict[str, str]]:
    """A request for a token. One that chooses its connection is answered by the ordinary view."""
    headers = {"Authorization": f"Bearer {key['key']}"}
    if chosen:
        headers["X-Vendo-Connection"] = key["connection"]
    return f"/credentials/{key['slug']}", headers


def _check(server: Server, key: Mapping[str, str]) -> None:
    """What is measured must be the real thing."""
    address, headers = request(key)
    asked = urllib.request.Request(server.url + address, headers={**headers, "Host": harness.HOST})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  (a server of ours)
        assert json.load(answer)["access_token"].startswith(("ntn_", "ya29."))


if __name__ == "__main__":
    harness.show(measure)
