"""`bin/run` on a stand-in for the dashboard: small processes that behave like the real ones."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0

SETTINGS = """
import os
from pathlib import Path
DATA_DIR = Path(os.environ["VENDO_DATA_DIR"])
BASE_URL = os.environ["VENDO_BASE_URL"]
DEMO = os.environ["VENDO_DEMO"] == "true"
DEMO_EMAIL, DEMO_PASSWORD = "demo@vendo.example", "a demo password"
"""

MANAGE = """
import os, sys
print("manage", *sys.argv[1:])
sys.exit(os.environ.get("STAND_IN_FAILS") == sys.argv[1])
"""

WEB = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""

# What a tool is to supervisord: a process group of its own, which SIGTERM to the supervisor's group does not reach.
# This one is stubborn, too.
TOOL = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""

TOOLS = """
[supervisord]
nodaemon=true
user={user}
logfile=/dev/null
logfile_maxbytes=0
pidfile={folder}/supervisord.pid
[program:tool]
command={python} {folder}/tool.py
stopwaitsecs=1
"""


class House:
    """A folder with what `bin/run` needs, and the run that was started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.sandbox_port = free_port(), free_port()
        self.mark = f"stand-in-{self.port}"
        self.runs: list[subprocess.Popen[bytes]] = []
        python, supervisord = sys.executable, Path(sys.executable).parent / "supervisord"
        self.write("bin/run", (ROOT / "bin/run").read_text())
        self.write("vendo_site/settings.py", SETTINGS)
        self.write("vendo_site/__init__.py", "")
        self.write("manage.py", MANAGE)
        self.write("web.py", WEB)
        self.write("tool.py", TOOL)
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "")
        self.write("tools.conf", TOOLS.format(user=user, folder=folder, python=python))
        self.procfile = {
            "web": f"exec python web.py $PORT {self.mark}",
            "worker": f"exec python -c 'import time; time.sleep(600)' {self.mark}",
            "tools": f"exec {python} {supervisord} -n -c {folder}/tools.conf",
            "sandbox": f"exec python web.py $SANDBOX_PORT {self.mark}",
        }

    def write(self, name: str, text: str) -> None:
        """Put a file there."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def start(self, **environment: str) -> "subprocess.Popen[bytes]":
        """Run `bin/run`; what it prints goes into output.txt."""
        self.write("Procfile", "".join(f"{name}: {command}\n" for name, command in self.procfile.items()))
        env = {name: value for name, value in os.environ.items() if not name.startswith(("VENDO_", "DJANGO_"))}
        env |= {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)} | environment
        with (self.folder / "output.txt").open("wb") as output:
            run = subprocess.Popen(
                [sys.executable, "bin/run"],
                cwd=self.folder,
                env=env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.runs.append(run)
        return run

    def output(self) -> str:
        """All that was printed so far."""
        return (self.folder / "output.txt").read_text()

    def wait_for(self, text: str) -> None:
        """Until the text was printed."""
        self.wait_until(lambda: text in self.output())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Shows what was printed when it takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)

    def alive(self) -> list[str]:
        """The command lines of all processes that belong to this house."""
        listed = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if self.mark in line or str(self.folder) in line]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    try:
        yield made
        assert made.alive() == []
    finally:
        for run in made.runs:
            run.terminate()
            run.wait(timeout=PATIENCE)


def ended(run: "subprocess.Popen[bytes]") -> int:
    """Its exit code."""
    return run.wait(timeout=PATIENCE)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_it_shows_the_door_and_stops_everything_when_asked(house: House, how: signal.Signals) -> None:
    run = house.start()
    house.wait_for("Ctrl-C stops everything")
    greeting = house.output()
    assert f"http://localhost:{house.port}" in greeting
    assert "demo@vendo.example" in greeting
    assert "a demo password" in greeting
    assert "manage migrate" in greeting
    house.wait_until(lambda: any("tool.py" in line for line in house.alive()))
    run.send_signal(how)
    assert ended(run) == 0, house.output()


def test_without_the_demo_nothing_is_loaded_and_no_login_shown(house: House) -> None:
    run = house.start(VENDO_DEMO="false")
    house.wait_for("Ctrl-C stops everything")
    assert "load_demo" not in house.output()
    assert "Sign in" not in house.output()
    run.terminate()
    assert ended(run) == 0


def test_a_process_that_dies_is_named_and_takes_the_others_along(house: House) -> None:
    house.procfile["worker"] = "sleep 1; exit 7"
    assert ended(house.start()) == 1
    assert "'worker' stopped by itself (exit code 7)" in house.output()


@pytest.mark.parametrize("which", ["port", "sandbox_port"])
def test_a_taken_port_is_named_with_the_way_out(house: House, which: str) -> None:
    taken = getattr(house, which)
    with socket.create_server(("127.0.0.1", taken)):
        assert ended(house.start()) == 1
    assert f"Port {taken} is taken" in house.output()
    assert "make run PORT=8010 SANDBOX_PORT=8510" in house.output()
    assert "manage" not in house.output()


def test_localhost_must_not_lead_to_somebody_who_listens_on_ipv6_alone(house: House) -> None:
    try:
        other = socket.create_server(("::1", house.port), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with other:
        assert ended(house.start()) == 1
    assert f"Port {house.port} is taken" in house.output()


def test_a_port_that_is_none_is_refused(house: House) -> None:
    assert ended(house.start(PORT="http")) == 1
    assert "PORT is 'http', which is not a port number" in house.output()


def test_a_second_run_on_the_same_data_is_refused(house: House, tmp_path: Path) -> None:
    run = house.start()
    house.wait_for("Ctrl-C stops everything")
    first = house.output()
    second = house.start(PORT=str(free_port()), SANDBOX_PORT=str(free_port()))
    assert ended(second) == 1
    assert "Another `make run` is using" in house.output()
    assert "Another" not in first
    run.terminate()
    assert ended(run) == 0


def test_a_failed_migration_starts_nothing(house: House) -> None:
    assert ended(house.start(STAND_IN_FAILS="migrate")) == 1
    assert "`manage.py migrate` failed" in house.output()
    assert "started" not in house.output().replace("Nothing has been started", "")


def test_a_file_of_settings_is_read(house: House) -> None:
    house.write(".env", f"PORT={house.port}\nVENDO_BASE_URL=http://dashboard.localhost:{house.port}\n")
    run = house.start()
    house.wait_for(f"Vendo is ready:  http://dashboard.localhost:{house.port}")
    run.terminate()
    assert ended(run) == 0


def test_a_bare_python_is_told_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ROOT / "bin/run", tmp_path / "run")
    done = subprocess.run([sys.executable, "-S", tmp_path / "run"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Start with `make run`" in done.stderr
