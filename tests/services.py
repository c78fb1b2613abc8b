"""Real services for tests, each started for the test that needs it and stopped after it: PostgreSQL, Redis, a browser.

    with postgres() as database_url, redis() as redis_url:
        ...

Nothing here uses, or disturbs, a service that the machine already runs. `bin/test` installs what is missing.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from pwd import getpwnam

import psycopg

PATIENCE = 60.0  # seconds; a server on a busy machine is slow to start, and a test must not fail for that


class MissingProgram(RuntimeError):
    """A program is not on this machine. `package` is what Debian calls it, the sentence says it for everybody."""

    def __init__(self, name: str, package: str, hint: str) -> None:
        self.package = package
        super().__init__(f"No {name} found. Install it (Debian: apt install {package}; {hint}).")


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def chromium_path() -> str:
    """The browser for tests: CHROMIUM in the environment, else Chromium or Chrome where they are usually found."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    applications = (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    )
    found = _first([os.environ.get("CHROMIUM", ""), *names, *applications])
    if not found:
        raise MissingProgram("Chromium", "chromium", "elsewhere: set CHROMIUM to its path")
    return found


def redis_path() -> str:
    """The Redis server, or Valkey, which is the same to us."""
    found = _first(["redis-server", "valkey-server"])
    if not found:
        raise MissingProgram("Redis", "redis-server", "macOS: brew install redis")
    return found


def wrk_path() -> str:
    """The load generator of the benchmarks."""
    found = _first(["wrk"])
    if not found:
        raise MissingProgram("wrk", "wrk", "macOS: brew install wrk")
    return found


def node_path() -> str:
    """Node, for programs in JavaScript that play somebody else's client."""
    found = _first(["node", "nodejs"])
    if not found:
        raise MissingProgram("Node", "nodejs", "macOS: brew install node")
    return found


def postgres_programs() -> Path:
    """The folder with `initdb` and `postgres`. Debian keeps it off PATH, one folder per version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*([Path(on_path).resolve().parent] if on_path else []), *versions]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise MissingProgram("PostgreSQL server", "postgresql", "macOS: brew install postgresql")


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of its own with an empty database; yields its DATABASE_URL. Fast, and forgets everything."""
    programs = postgres_programs()
    with _folder("vendo-postgres-", owner=_unprivileged()) as folder:
        data, port = folder / "data", free_port()
        make = [
            programs / "initdb",
            "--pgdata",
            data,
            "--username=vendo",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]
        _run_as(_unprivileged(), make)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "max_connections": 300,  # several processes with a pool each
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
        serve = [
            programs / "postgres",
            "-D",
            data,
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ]
        address = f"postgres://vendo@127.0.0.1:{port}"
        # SIGQUIT: stop at once, without writing back what nobody will read.
        with _server(
            serve, folder, lambda: _create_database(f"{address}/postgres"), user=_unprivileged(), stop=signal.SIGQUIT
        ):
            yield f"{address}/vendo"


@contextlib.contextmanager
def redis(port: int = 0) -> Iterator[str]:
    """A Redis server of its own that keeps nothing on disk; yields its REDIS_URL. `port` 0: any."""
    with _folder("vendo-redis-") as folder:
        port = port or free_port()
        serve = [
            redis_path(),
            "--bind",
            "127.0.0.1",
            "--port",
            port,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder,
        ]
        with _server(serve, folder, lambda: _ping(port)):
            yield f"redis://127.0.0.1:{port}/0"


# --- how they are found and started -----------------------------------------------------------------------------------


def _first(candidates: Sequence[str]) -> str | None:
    return next((found for name in candidates if name and (found := shutil.which(name))), None)


def _unprivileged() -> str | None:
    """Whom to run PostgreSQL as, which refuses to run as root; None: as we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return getpwnam(name).pw_name
    raise RuntimeError("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as.")


@contextlib.contextmanager
def _folder(prefix: str, owner: str | None = None) -> Iterator[Path]:
    """A temporary folder; short, since the path of a Unix socket may have a hundred characters at most."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/tmp", ignore_cleanup_errors=True) as name:
        if owner:
            shutil.chown(name, owner)
        yield Path(name)


def _identity(user: str | None) -> dict[str, object]:
    """How to start a process as another user."""
    if user is None:
        return {}
    entry = getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run_as(user: str | None, command: Sequence[object], environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **_identity(user),
    )  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def _server(
    command: Sequence[object],
    folder: Path,
    ready: Callable[[], None],
    *,
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Runs a server until `ready` stops raising OSError, then for as long as the `with` lasts."""
    with (folder / "server.log").open("w+") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd="/",
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **_identity(user),
        )  # type: ignore[call-overload]
        try:
            _wait(process, ready, folder / "server.log")
            yield
        finally:
            process.send_signal(stop)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", ready: Callable[[], None], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ready()
        except (OSError, psycopg.OperationalError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text()}") from error
        time.sleep(0.05)


def _create_database(address: str) -> None:
    with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
        connection.execute("CREATE DATABASE vendo")


def _ping(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        if not connection.recv(64).startswith(b"+PONG"):
            raise ConnectionError("Redis is still loading.")
