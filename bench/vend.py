"""`GET /credentials/<slug>`, which every tool calls all day, beside a server that only says hello.

python bench/vend.py [--quick]
"""

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg  # noqa: E402

from bench import harness  # noqa: E402
from bench.harness import Load, Server, say  # noqa: E402
from tests import services  # noqa: E402


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it all."""

    customers: int
    times: int  # the big database has that many more; 1: there is none
    rounds: int
    seconds: int  # wrk knows no fractions


FULL, QUICK = Size(10_000, 100, 7, 2), Size(500, 1, 3, 1)
MANY, ONE = 16, 1


@dataclass(frozen=True, slots=True)
class Contender:
    """A server with the requests it is asked."""

    server: Server
    requests: Path

    def turn(self, connections: int, seconds: int) -> Load:
        """One turn of the load generator."""
        return harness.wrk(self.server.port, self.requests, connections=connections, seconds=seconds)


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Figures and ratios."""
    size = QUICK if quick else FULL
    with TemporaryDirectory(prefix="vendo-bench-") as folder, contenders(Path(folder), size) as found:
        for contender in found.values():
            contender.turn(MANY, size.seconds)  # every process warm, each key noted as used
        at_many = harness.rounds(
            {name: partial(one.turn, MANY, size.seconds) for name, one in found.items()}, size.rounds
        )
        fast = {name: one for name, one in found.items() if name not in {"django", "view"}}
        at_one = harness.rounds({name: partial(one.turn, ONE, 1) for name, one in fast.items()}, size.rounds)
    return {
        "many": {name: _figures(at_many, name, lambda load: load.per_second) for name in found},
        "one": {name: _figures(at_one, name, lambda load: load.median_ms) for name in fast},
        "generator_busy": harness.middle(at_many, "hello", lambda load: load.busy),
        "size": asdict(size),
    }


def _figures(found: list[dict[str, Load]], name: str, figure: Callable[[Load], float]) -> dict[str, float]:
    return {"figure": harness.middle(found, name, figure), "ratio": harness.ratio(found, name, "hello", figure)}


@contextmanager
def contenders(folder: Path, size: Size) -> Iterator[dict[str, Contender]]:
    """Servers with their databases; the yardstick is `hello`."""
    with ExitStack() as stack:
        small = stack.enter_context(services.postgres())
        env = harness.environment(folder, small)
        keys = populate(env, size.customers)

        def serve(name: str, application: str, database: str, requests: Any) -> Contender:
            own = folder / name
            server = Server(application, {**env, "DATABASE_URL": database}, folder)
            return Contender(stack.enter_context(server), harness.write_requests(own, requests))

        tokens = list(map(_request, keys))
        found = {
            "hello": serve("hello", "bench.yardsticks:hello", small, [("/", {})]),
            "postgres": serve("postgres", harness.DASHBOARD, small, tokens),
        }
        sqlite = f"sqlite:///{folder}/vendo.sqlite3"
        found["sqlite"] = serve(
            "sqlite",
            harness.DASHBOARD,
            sqlite,
            map(_request, populate({**env, "DATABASE_URL": sqlite}, size.customers)),
        )
        if size.times > 1:
            big = another_database(small)
            more = populate({**env, "DATABASE_URL": big}, size.customers, size.times)
            found["postgres-million"] = serve("million", harness.DASHBOARD, big, map(_request, more))
        found["django"] = serve("django", "bench.stock:application", small, [("/nothing", {})])
        found["view"] = Contender(
            found["postgres"].server,
            harness.write_requests(folder / "view", [_request(key, chosen=True) for key in keys]),
        )
        for contender in (found["postgres"], found["sqlite"]):
            _check(contender.server, keys[0])
        yield found


def populate(env: Mapping[str, str], customers: int, times: int = 1) -> list[dict[str, str]]:
    """Make a database with so many customers (`times` more that nobody asks for); returns the keys of the first."""
    say(f"filling a database with {customers * times:,} connections")
    harness.run(env, "manage.py", "migrate", "--verbosity=0")
    lines = Path(env["VENDO_DATA_DIR"]) / "customers.jsonl"
    harness.run(env, "-m", "bench.population", str(customers), str(lines), str(times))
    return [json.loads(line) for line in lines.read_text().splitlines()]


def another_database(url: str) -> str:
    """A second, empty database on the same server."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE million")
    return f"{url.rpartition('/')[0]}/million"


def _request(key: Mapping[str, str], *, chosen: bool = False) -> tuple[str, dict[str, str]]:
    """A request for a token. One that chooses its connection is answered by the ordinary view."""
    headers = {"Authorization": f"Bearer {key['key']}"}
    if chosen:
        headers["X-Vendo-Connection"] = key["connection"]
    return f"/credentials/{key['slug']}", headers


def _check(server: Server, key: Mapping[str, str]) -> None:
    """What is measured must be the real thing."""
    address, headers = _request(key)
    request = urllib.request.Request(server.url + address, headers={**headers, "Host": harness.HOST})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (a server of ours)
        assert json.load(answer)["access_token"].startswith(("ntn_", "ya29."))


if __name__ == "__main__":
    print(json.dumps(measure(quick="--quick" in sys.argv), indent=1))
