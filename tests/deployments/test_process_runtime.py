"""Tools as real processes under a real supervisord."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, child, presentable, supervisor
from deployments.runtimes.process import ProcessRuntime

# What is made once for all of these tests is costly, and has ports of its own.
pytestmark = pytest.mark.xdist_group("process-runtime")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


@dataclass
class Machine:
    """A data folder with a supervisord; `told` is what process_journey saw."""

    data_dir: Path
    env: dict[str, str]
    supervisor: subprocess.Popen[bytes]
    told: dict[str, Any]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return manage(self.env, *arguments)


def manage(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    # The folder's name is too long for a socket, and has a character that configurations expand.
    # It is not among pytest's, which are closed to the users that tools are.
    name = "a-folder-with-a-rather-long-name-%-which-no-socket-could-have" + "x" * 40
    data_dir = Path(tempfile.mkdtemp(prefix=name))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "UV_CACHE_DIR") if name in os.environ}
    env = kept | {
        "DEBUG": "true",
        "VENDO_DATA_DIR": str(data_dir),
        "VENDO_TOOL_PORTS": "8750-8759",
        "JOURNEY_DIR": str(data_dir / "tools-of-the-test"),
        "VENDO_TOOL_MEMORY": "512m",
        "VENDO_TOOL_FILES": "1000",
        "DASHBOARD_ONLY": "not for tools",
    }
    assert manage(env, "migrate", "--verbosity=0").returncode == 0
    with (data_dir / "supervisor.out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "tool_supervisor"], cwd=ROOT, env=env, stdout=out, stderr=out
        )
    try:
        wait_until((data_dir / "supervisor" / "supervisord.pid").exists)
        done = manage(env, "shell", "-v0", "-c", "from tests.deployments.process_journey import main; main()")
        assert done.returncode == 0, done.stderr
        yield Machine(data_dir, env, process, json.loads(done.stdout))
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)
        # A tool behind a shell outlives a supervisor that was killed, until the next one comes: here none does.
        for started in (data_dir / "supervisor" / "tools").glob("*.pid"):
            with suppress(ValueError, ProcessLookupError):
                os.killpg(int(started.read_text()), signal.SIGKILL)
        shutil.rmtree(data_dir, ignore_errors=True)


def facts(machine: Machine, word: str) -> list[str]:
    """The words after `word` in the good tool's log."""
    return words(machine.told["good"]["log"], word)


def words(log: str, word: str) -> list[str]:
    return next(line for line in log.splitlines() if line.startswith(word)).split()[1:]


def test_a_tool_runs_and_answers(machine: Machine) -> None:
    assert (machine.told["good"]["status"], machine.told["good"]["page"]) == ("running", "ok")


def test_starting_what_runs_leaves_it_alone_and_restarting_does_not(machine: Machine) -> None:
    first, second, third = machine.told["good"]["pids"]
    assert first == second != third


def test_a_tool_gets_its_own_environment_and_nothing_of_ours(machine: Machine) -> None:
    names = set(facts(machine, "names"))
    assert {"VENDO_API_KEY", "PORT", "SESSION", "HOME", "VIRTUAL_ENV"} <= names
    assert names.isdisjoint({"DEBUG", "VENDO_DATA_DIR", "DASHBOARD_ONLY", "VENDO_VAULT_KEYS", "SECRET_KEY"})


def test_a_tool_runs_in_its_own_folder_and_environment(machine: Machine) -> None:
    home = machine.told["good"]["home"]
    cwd, prefix = facts(machine, "where")
    release = machine.told["good"]["release"]
    assert (cwd, prefix) == (f"{home}/releases/{release}/app", f"{home}/releases/{release}/venv")
    assert Path(home).stat().st_mode & 0o067 == 0


def test_a_secret_that_the_tool_prints_is_hidden_from_pages(machine: Machine) -> None:
    assert facts(machine, "session") == ["••••••"]


def test_no_secret_is_written_to_disk_by_us(machine: Machine) -> None:
    hidden = [value.encode() for value in machine.told["good"]["secrets"]]
    assert len(hidden) == 4
    # The tool's own log is what the tool wrote.
    files = [path for path in machine.data_dir.rglob("*") if path.is_file() and path.name != "tool.log"]
    assert not [path for path in files if any(value in path.read_bytes() for value in hidden)]


def test_a_tool_that_ends_at_once_fails_early_with_its_last_lines(machine: Machine) -> None:
    bad = machine.told["bad"]
    assert bad["failure"]["step"] == "health_check"
    assert bad["failure"]["message"].startswith("The tool ends soon after it starts")
    assert "no luck today" in bad["output"]
    assert bad["stopped"] == "stopped"


def test_requirements_that_can_not_be_met_are_told_in_the_installers_words(machine: Machine) -> None:
    failed = machine.told["uninstallable"]
    assert failed["failure"]["message"] == "Installing requirements.txt failed."
    assert "nothing-here" in failed["output"]


@pytest.fixture
def apart(machine: Machine) -> dict[str, Any]:
    told: dict[str, Any] = machine.told["apart"]
    if "skipped" in told:
        pytest.skip(told["skipped"])
    assert told["status"] == "running", told["failure"]
    return told


def test_a_tool_is_a_user_of_its_own(apart: dict[str, Any]) -> None:
    user, group, *more = words(apart["log"], "who")
    assert (user, more) == (group, [])
    assert int(user) >= 700_000


@pytest.mark.parametrize("what", ["vault.key", "secret.key", "vendo.sqlite3", "supervisor", "tools", "the other tool"])
def test_a_tool_can_not_read_what_is_ours_or_another_tools(apart: dict[str, Any], what: str) -> None:
    assert f"look {what} closed" in apart["log"].splitlines()


def test_a_tool_has_its_own_home(apart: dict[str, Any]) -> None:
    assert "look its own home seen" in apart["log"]


def test_a_tool_has_limits(apart: dict[str, Any]) -> None:
    assert words(apart["log"], "limits") == ["0", "1000", str(512 * 1024**2), "512"]


def test_a_tool_that_is_removed_leaves_nothing(apart: dict[str, Any]) -> None:
    assert apart["removed"] == ["stopped", False]


def test_an_upgrade_changes_nothing_until_the_restart_and_can_be_taken_back(machine: Machine) -> None:
    assert machine.told["upgraded"] == {"pages": ["one", "one", "two", "two", "one"], "copies": 2}


def test_a_second_supervisor_is_refused(machine: Machine) -> None:
    assert "is running already, as process" in machine.manage("tool_supervisor").stderr


def test_supervisord_has_nothing_to_complain_about(machine: Machine) -> None:
    said = (machine.data_dir / "supervisor.out").read_text()
    assert [line for line in said.splitlines() if "CRIT" in line or "root" in line or "include" in line] == []


def test_run_tool_says_why_it_does_not_run(machine: Machine) -> None:
    assert "There is no such deployment" in machine.manage("run_tool", "0" * 32).stderr


def test_tools_do_not_outlive_a_supervisor_that_is_killed(machine: Machine) -> None:
    """The last test of this file: it breaks the machine."""
    pid = machine.told["good"]["pids"][-1]
    os.kill(machine.supervisor.pid, signal.SIGKILL)
    machine.supervisor.wait()
    wait_until(lambda: not Path(f"/proc/{pid}").exists())


# --- without a supervisor ---------------------------------------------------------------------------------------------


@pytest.fixture
def nowhere(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.usefixtures("nowhere")
def test_a_supervisor_that_does_not_run_is_told() -> None:
    with pytest.raises(RuntimeFailed) as caught:
        ProcessRuntime().start(Deployment())
    assert caught.value.message == "The tool supervisor is not running."
    assert ProcessRuntime().state(Deployment()).status == "unknown"


def test_the_configuration_keeps_its_password_and_is_private(nowhere: None) -> None:
    path = supervisor.write_configuration()
    first = path.read_text()
    assert supervisor.write_configuration().read_text() == first
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(RuntimeFailed, match="is not running"):
        supervisor.call("getPID")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("python app.py", ["python", "app.py"]),
        ('python -c "print(1)"', ["/bin/sh", "-c", 'python -c "print(1)"']),
        ("uvicorn app:app --port $PORT", ["/bin/sh", "-c", "uvicorn app:app --port $PORT"]),
        ("a 'b c'", ["a", "b c"]),
        ("a 'b", ["/bin/sh", "-c", "a 'b"]),
    ],
)
def test_a_shell_is_called_in_only_where_it_is_needed(command: str, words: list[str]) -> None:
    assert child.argv(command) == words


def test_output_is_presentable() -> None:
    hidden = ["long-secret", "long-secret-2", "abc"]
    text = "\x1b[1mhi\x1b[0m long-secret-2 long-secret \x00abc"
    assert presentable(text, hidden) == "hi •••••• •••••• abc"
