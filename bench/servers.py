"""Which ASGI server: uvicorn, as production serves, beside granian. By hand, not part of `make bench`.

    python bench servers

Installs granian into a folder that is gone afterwards.
"""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench import harness, streams, vend
from bench.harness import Contender, Server
from tests import services

GRANIAN = (
    f"exec {sys.executable} -m granian --interface asgi --loop uvloop --workers 1"
    f" --host 127.0.0.1 --port $PORT --no-ws {harness.DASHBOARD}"
)
STREAMS = 1000
HELLO, FAN_OUT = "bench.yardsticks:hello", "bench.yardsticks:fan_out"


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Requests a second at 16 connections, as ratios to uvicorn's hello; kilobytes for each raw stream."""
    with harness.folder() as folder, ExitStack() as stack:
        env = harness.environment(folder, stack.enter_context(services.postgres()))
        with_granian = _install(folder / "granian", env)
        keys = harness.populate(env, "customers", 500)
        tokens = harness.write_requests(folder / "tokens", map(vend.request, keys))
        hello = harness.write_requests(folder / "hello", [("/", {})])
        uvicorn = partial(Server, environment=env, folder=folder)
        granian = partial(Server, environment=with_granian, folder=folder, command=GRANIAN)
        yardstick = Contender(stack.enter_context(uvicorn(HELLO)), hello)
        found = {
            "granian hello": Contender(stack.enter_context(granian(HELLO)), hello),
            "uvicorn token": Contender(stack.enter_context(uvicorn(harness.DASHBOARD)), tokens),
            "granian token": Contender(stack.enter_context(granian(harness.DASHBOARD)), tokens),
        }
        for contender in found.values():
            contender.turn(vend.MANY, 2)
        count = 2 if quick else 7
        loads = harness.under_load(yardstick, found, connections=vend.MANY, seconds=2, count=count)
        kilobytes = {
            "uvicorn": _kilobytes(stack, uvicorn(FAN_OUT), hello),
            "granian": _kilobytes(stack, granian(FAN_OUT), hello),
        }
    return {"many": harness.figures(loads, "uvicorn hello", lambda load: load.per_second), "kilobytes": kilobytes}


def _install(place: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Granian beside what is installed; returns the environment that finds it."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", place, "granian"]
    subprocess.run(list(map(str, command)), check=True)
    return {**env, "PYTHONPATH": f"{env['PYTHONPATH']}:{place}"}


def _kilobytes(stack: ExitStack, server: Server, requests: Path) -> float:
    _, kilobytes = streams.listen(stack, stack.enter_context(server), requests, STREAMS)
    return kilobytes
