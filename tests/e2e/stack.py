"""The whole product as separate processes, as it runs for people: web, worker, tool supervisor, sandbox provider."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.engine import Engine
from tests.podman import PYTHON_IMAGE
from tests.sandbox.process import SandboxProcess
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
PORTS = 50  # for tools
PATIENCE = 60.0  # seconds; a loaded machine starts Django slowly


@dataclass
class Stack:
    """Start with `with Stack(...)`; `url` is the dashboard. Every process writes its log into `data_dir`/logs."""

    data_dir: Path
    database_url: str = ""
    redis_url: str = ""
    docker_host: str = ""  # of an engine that runs the tools; empty: they run as processes
    extra_env: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.logs = self.data_dir / "logs"
        self.mail = self.data_dir / "mail"
        self.logs.mkdir(parents=True)
        callbacks = " ".join(f"{self.url}/api/oauth/{slug}/callback" for slug in ("notion", "googledrive"))
        first = _free_range(PORTS)
        self.tool_ports = f"{first}-{first + PORTS - 1}"
        self.engine = Engine(self.docker_host)
        self.sandbox = SandboxProcess(database=self.data_dir / "sandbox.sqlite3", redirect_uris=callbacks)

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process. Nothing of the test run's own settings."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "UV_CACHE_DIR") if name in os.environ}
        return kept | {
            "DEBUG": "true",
            "PYTHONUNBUFFERED": "1",
            "VENDO_DATA_DIR": str(self.data_dir),
            "VENDO_BASE_URL": self.url,
            "VENDO_SANDBOX_URL": self.sandbox.url,
            "EMAIL_URL": f"filemail:///{self.mail}",
            "VENDO_TOOL_PORTS": self.tool_ports,
            "VENDO_HEALTH_EVERY": "2",
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
            **({"REDIS_URL": self.redis_url} if self.redis_url else {}),
            **(
                {
                    "VENDO_RUNTIME": "docker",
                    "VENDO_DOCKER_IMAGE": PYTHON_IMAGE,
                    "DOCKER_HOST": self.docker_host,
                }
                if self.docker_host
                else {}
            ),
            **self.extra_env,
        }

    def __enter__(self) -> "Stack":
        try:
            self.sandbox.start()
            self.manage("migrate", "--verbosity=0")
            self.manage("load_demo")
            self.start_web("web", self.port)
            self.start_worker()
            self.start_tools()
            self.wait_for(f"{self.url}/readyz")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.processes):
            self.stop(name)
        self.engine.stop()
        self.sandbox.stop()

    def manage(self, *arguments: str) -> str:
        """Run a management command; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python inside the product, with Django set up; returns what it printed."""
        return self.manage("shell", "--no-imports", "-c", code)

    def start(self, name: str, *command: str) -> None:
        """Start one process of Python."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def start_web(self, name: str, port: int) -> str:
        """Start a web process; returns its address."""
        self.start(name, "-m", "vendo_site.serve", "--port", str(port))
        return f"http://127.0.0.1:{port}"

    def start_worker(self) -> None:
        """The one worker that a stack has."""
        self.start("worker", "manage.py", "worker")

    def start_tools(self) -> None:
        """What keeps the tools running."""
        self.start("tools", "manage.py", "tool_supervisor")

    def start_crew(self, size: int) -> None:
        """Several workers in place of the one, under its name."""
        self.start("worker", "-m", "tests.e2e.crew", str(size))

    def kill_tools(self) -> None:
        """What keeps the tools running; where they are containers, their engine too."""
        self.kill("tools")
        if self.docker_host:
            self.engine.kill()

    def mend_tools(self) -> None:
        """After `kill_tools`."""
        if self.docker_host:
            self.engine.start()
        self.start_tools()

    def kill(self, name: str) -> None:
        """As by the kernel: no farewell, and its whole session with it."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> None:
        """As by an operator."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_for(self, address: str, patience: float = PATIENCE) -> None:
        """Until the address answers 200; shows the logs when it does not."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        raise AssertionError(f"{address} does not answer.\n{self.all_logs()}")

    def all_logs(self) -> str:
        """What every process wrote."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')}" for path in sorted(self.logs.glob("*.log"))
        )

    def mailed_code(self, address: str) -> str:
        """The verification code last mailed to an address."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for letter in sorted(self.mail.glob("*"), key=lambda path: path.stat().st_mtime, reverse=True):
                text = letter.read_text()
                if address in text and (
                    code := re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", text, re.MULTILINE)
                ):
                    return code.group(1)
            time.sleep(0.1)
        raise AssertionError(f"No code was mailed to {address}: {[p.read_text() for p in self.mail.glob('*')]}")


def _free_range(size: int) -> int:
    """The first of `size` ports in a row that nothing listens on."""
    for first in range(21000 + os.getpid() % (10000 // size) * size, 32000, size):
        try:
            for port in range(first, first + size):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("No free ports for tools.")
