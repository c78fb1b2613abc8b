"""What all benchmarks share: the dashboard as production serves it, a load generator, and rounds that are fair.

A machine does not do the same work in the same time twice. So nothing here is a figure of its own: contenders take
turns, round after round, each right after the yardstick, and what counts is the median of their ratios.
"""

import base64
import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests import programs
from tests.services import PATIENCE, free_port, wrk_path

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD = "vendo_site.asgi:application"
HOST = "localhost"  # what requests name; servers listen on 127.0.0.1
LUA = Path(__file__).with_name("requests.lua")


type Figure = dict[str, float]


def say(line: str) -> None:
    """Tell whoever watches how far it is."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A place for databases, logs and requests, gone afterwards."""
    with TemporaryDirectory(prefix="vendo-bench-") as name:
        (Path(name) / "static").mkdir()  # whitenoise warns where there is none
        yield Path(name)


def show(measure: Callable[..., dict[str, Any]]) -> None:
    """One benchmark alone: print what it finds."""
    programs.install_missing(programs.OF_BENCHMARKS)
    print(json.dumps(measure(quick="--quick" in sys.argv), indent=1))


# --- the load generator -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """What one turn of the load generator saw."""

    per_second: float
    median_ms: float
    busy: float  # seconds of CPU per second the generator itself needed; near 1, it would be measuring itself


def wrk(server: "Server", requests: Path, *, connections: int, seconds: int) -> Load:
    """Send the requests of a file in turn, over so many keep-alive connections. Raises if any was not answered 200."""
    before = os.times()
    started = time.monotonic()
    command = [wrk_path(), "--threads=1", f"--connections={connections}", f"--duration={seconds}s", "--timeout=10s"]
    done = subprocess.run(
        [*command, f"--script={LUA}", f"{server.url}/", "--", str(requests)],
        capture_output=True,
        text=True,
        check=True,
    )
    lasted, after = time.monotonic() - started, os.times()
    found = json.loads(done.stdout.splitlines()[-1])
    if found["failed"] or not found["answered"]:
        raise RuntimeError(
            f"{found['failed']} of {found['answered']} requests failed. The server says:\n{server.tail()}"
        )
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Load(found["answered"] / found["seconds"], found["median_us"] / 1000, cpu / lasted)


def write_requests(path: Path, requests: Iterable[tuple[str, Mapping[str, str]]]) -> Path:
    """A file for `wrk`: one request a line, as the path and its headers."""
    lines = (
        "\t".join([address, *(f"{name}: {value}" for name, value in headers.items())]) for address, headers in requests
    )
    path.write_text("\n".join(lines) + "\n")
    return path


# --- servers ----------------------------------------------------------------------------------------------------------


def production_command() -> str:
    """The shell's line by which the Procfile serves the dashboard."""
    line = re.search(r"^web: (.+)$", (ROOT / "Procfile").read_text(), flags=re.MULTILINE)
    assert line, "The Procfile has no line for the web process."
    assert DASHBOARD in line[1], "The Procfile's line does not name the application, so no other can take its place."
    return line[1]


@dataclass
class Server:
    """A process that serves an ASGI application with the command, and the options, of production."""

    application: str
    environment: Mapping[str, str]
    folder: Path
    command: str = field(default_factory=production_command)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / f"server-{self.port}.log"

    def __enter__(self) -> "Server":
        command = self.command.replace(DASHBOARD, self.application)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", command],
                cwd=ROOT,
                env={**self.environment, "PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )
        try:
            wait_for_port(self.port, lambda: self.process.poll() is None)
        except TimeoutError as error:
            self.__exit__()
            raise RuntimeError(f"{self.application} does not answer:\n{self.tail()}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]

    def memory(self) -> int:
        """Bytes of its own that are in memory now, with those of the processes it started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(map(_memory, [str(self.process.pid), *children]))


def _memory(process: str) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^RssAnon:\s+(\d+) kB", status, flags=re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def wait_for_port(port: int, alive: Callable[[], bool]) -> None:
    """Until somebody listens there. Raises TimeoutError when nobody will."""
    deadline = time.monotonic() + PATIENCE
    while alive() and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.05)
    raise TimeoutError


def environment(folder: Path, database_url: str, redis_url: str = "", **more: str) -> dict[str, str]:
    """What every process of one dashboard inherits: production's settings, with secrets made up for this run."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "UV_CACHE_DIR") if name in os.environ}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "VENDO_VAULT_KEYS": f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "VENDO_BASE_URL": f"http://{HOST}",
        "VENDO_DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        **more,
    }


def run(env: Mapping[str, str], *arguments: str) -> str:
    """Run Python to its end in the environment of a dashboard; returns what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=dict(env), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def populate(env: Mapping[str, str], kind: str, *arguments: object) -> list[dict[str, str]]:
    """Make a database and fill it (`population.py` says with what); returns a line for each app that may be asked."""
    say(f"filling a database: {kind} {' '.join(map(str, arguments))}")
    run(env, "manage.py", "migrate", "--verbosity=0")
    lines = Path(env["VENDO_DATA_DIR"]) / "population.jsonl"
    run(env, "-m", "bench.population", kind, str(lines), *map(str, arguments))
    return [json.loads(line) for line in lines.read_text().splitlines()]


@dataclass(frozen=True, slots=True)
class Contender:
    """A server with the requests it is asked."""

    server: Server
    requests: Path

    def turn(self, connections: int, seconds: int) -> Load:
        """One turn of the load generator."""
        return wrk(self.server, self.requests, connections=connections, seconds=seconds)


# --- rounds -----------------------------------------------------------------------------------------------------------

type Pairs[T] = Mapping[str, Sequence[tuple[T, T]]]  # contender → what the yardstick and it reached, each round


def rounds[T](yardstick: Callable[[], T], contenders: Mapping[str, Callable[[], T]], count: int) -> Pairs[T]:
    """Let the contenders take turns, `count` times, each right after a turn of the yardstick."""
    found: dict[str, list[tuple[T, T]]] = {name: [] for name in contenders}
    for number in range(count):
        # Every other round backwards, so that nobody is always measured after the same one.
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            found[name].append((yardstick(), contenders[name]()))
    return found


def figures[T](pairs: Pairs[T], yardstick: str, figure: Callable[[T], float]) -> dict[str, Figure]:
    """The median of what each reached, and of its ratio to what the yardstick reached a moment before."""
    all_of_it = [figure(reference) for turns in pairs.values() for reference, _ in turns]
    found = {yardstick: {"figure": median(all_of_it), "ratio": 1.0}}
    for name, turns in pairs.items():
        reached = [figure(mine) for _, mine in turns]
        ratios = [figure(mine) / figure(reference) for reference, mine in turns]
        found[name] = {"figure": median(reached), "ratio": median(ratios)}
    return found


def under_load(
    yardstick: Contender, contenders: Mapping[str, Contender], *, connections: int, seconds: int, count: int
) -> Pairs[Load]:
    """`count` rounds of the load generator."""
    turns = {name: partial(one.turn, connections, seconds) for name, one in contenders.items()}
    return rounds(partial(yardstick.turn, connections, 1), turns, count)
