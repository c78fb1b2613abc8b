"""A tool has one process: whoever comes waits for the one before, and ends it when it stays too long."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deployments.runtimes import RuntimeFailed, alone, supervisor

# Becomes something else, as a tool's process does, and says so once it has.
TOOL = "import sys, time; {first}; print('up', flush=True); time.sleep({seconds})"
BECOME = """
import os, sys, django
django.setup()
from uuid import UUID
from deployments.runtimes import alone
alone.claim(UUID(sys.argv[1]))
os.execv(sys.executable, [sys.executable, "-c", sys.argv[2]])
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.fixture
def before(settings: Any, tmp_path: Path) -> Iterator[Any]:
    """(first words of its program, seconds to live) → the process that runs as tool already, and the tool's id."""
    settings.DATA_DIR = tmp_path
    started = []

    def start(first: str = "pass", seconds: float = 60) -> Any:
        tool = uuid4()
        command = [sys.executable, "-c", BECOME, str(tool), TOOL.format(first=first, seconds=seconds)]
        env = {"DJANGO_SETTINGS_MODULE": "vendo_site.settings", "DEBUG": "true", "VENDO_DATA_DIR": str(tmp_path)}
        env["VENDO_DEPLOYMENT_ID"] = str(tool)
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, process_group=0)
        started.append(process)
        assert process.stdout and process.stdout.readline() == "up\n"
        return process, tool

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_who_comes_first_waits_for_nobody(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    begun = time.monotonic()
    alone.claim(uuid4(), patience=30)
    assert time.monotonic() - begun < 20


def test_who_comes_second_waits_until_the_first_has_ended(before: Any) -> None:
    process, tool = before(seconds=1)
    alone.claim(tool, patience=30)
    assert process.wait(timeout=30) == 0


def test_one_that_stays_is_killed(before: Any) -> None:
    process, tool = before(DEAF)
    process.terminate()
    alone.claim(tool, patience=0.3)
    assert process.wait(timeout=30) == -signal.SIGKILL


def test_one_that_a_shell_left_behind_is_killed(before: Any) -> None:
    shell, tool = before(f"import os; {DEAF}; os.fork() and os._exit(0)")
    assert shell.wait(timeout=10) == 0
    alone.claim(tool, patience=0.3)


def test_a_stranger_who_has_its_number_by_now_is_not(before: Any) -> None:
    _, tool = before()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0)
    (supervisor.programs() / f"{tool}.pid").write_text(str(stranger.pid))
    with pytest.raises(RuntimeFailed, match="does not end"):
        alone.claim(tool, patience=0.2)
    assert stranger.poll() is None
    stranger.communicate(b"\n")


def test_another_tool_is_left_alone(before: Any) -> None:
    process, _ = before()
    alone.claim(uuid4(), patience=0.3)
    assert process.poll() is None


def test_one_that_cannot_be_ended_is_told_of(before: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, tool = before()
    monkeypatch.setattr("os.killpg", lambda *_: None)
    with pytest.raises(RuntimeFailed, match="does not end"):
        alone.claim(tool, patience=0.2)
