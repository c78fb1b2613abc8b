"""`GET /api/deployments/me/connections` with 1, 5 and 30 bindings.

    python bench/lists.py [--quick]

Beside the hello-world server, and beside a stock Django view that makes one query.
"""

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import harness
from bench.harness import Contender, Server
from tests import services

BINDINGS = (1, 5, 30)
ADDRESS = "/api/deployments/me/connections"


def measure(*, quick: bool = False) -> dict[str, Any]:
    """The median latency in milliseconds at one connection, requests a second at 16, each also as a ratio to hello."""
    count = 1 if quick else 5
    with harness.folder() as folder, contenders(folder) as found:
        hello = found.pop("hello")
        for contender in (hello, *found.values()):
            contender.turn(4, 1)
        one = harness.under_load(hello, found, connections=1, seconds=1, count=count)
        many = harness.under_load(hello, found, connections=16, seconds=1, count=count)
    return {
        "one": harness.figures(one, "hello", lambda load: load.median_ms),
        "many": harness.figures(many, "hello", lambda load: load.per_second),
    }


@contextmanager
def contenders(folder: Path) -> Iterator[dict[str, Contender]]:
    """All of them, running."""
    with ExitStack() as stack:
        env = harness.environment(folder, stack.enter_context(services.postgres()))
        keys = harness.populate(env, "bound", *BINDINGS)
        hello = stack.enter_context(Server("bench.yardsticks:hello", env, folder))
        stock = stack.enter_context(Server("bench.stock:application", env, folder))
        ours = stack.enter_context(Server("bench.wide_site:application", env, folder))
        found = {
            "hello": Contender(hello, harness.write_requests(folder / "hello", [("/", {})])),
            "stock": Contender(stock, harness.write_requests(folder / "stock", [("/one-query", {})])),
        }
        for count, key in zip(BINDINGS, keys, strict=True):
            headers = {"Authorization": f"Bearer {key['key']}"}
            _check(ours, headers, count)
            requests = harness.write_requests(folder / f"list-{count}", [(ADDRESS, headers)])
            found[str(count)] = Contender(ours, requests)
        yield found


def _check(server: Server, headers: dict[str, str], count: int) -> None:
    """What is measured must be the real thing."""
    request = urllib.request.Request(server.url + ADDRESS, headers={**headers, "Host": harness.HOST})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (a server of ours)
        entries = json.load(answer)["connections"]
    assert [entry["status"] for entry in entries] == ["connected"] * count


if __name__ == "__main__":
    harness.show(measure)
