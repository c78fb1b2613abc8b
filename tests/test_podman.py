"""The container engine of tests clears away what killed tests have left."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from tests import podman
from tests.services import free_port

ROOT = Path(__file__).parents[1]
# Runs tests that are about to be killed: an engine, and a container whose port the kernel forwards.
ABANDONED = """
import sys, time, docker
from tests import podman
with podman.podman() as address:
    ports = {{"80/tcp": ("127.0.0.1", {port})}}
    engine = docker.DockerClient(base_url=address)
    sleeps = ["python", "-c", "import time; time.sleep(600)"]
    engine.containers.run(podman.PYTHON_IMAGE, sleeps, detach=True, ports=ports)
    print(address, flush=True)
    time.sleep(600)
"""

pytestmark = pytest.mark.xdist_group("docker")


@pytest.fixture
def port() -> int:
    if reason := podman.obstacle():
        pytest.skip(reason)
    return free_port()


@pytest.fixture
def left(port: int) -> Path:
    """The folder of an engine whose tests were killed, and with them the engine and the container."""
    program = [sys.executable, "-c", ABANDONED.format(port=port)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as tests:
        assert tests.stdout
        folder = Path(tests.stdout.readline().decode().strip().removeprefix("unix://")).parent
        tests.kill()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder) in (process / "cmdline").read_text():
                os.kill(int(process.name), signal.SIGKILL)
    return folder


def forwards(port: int) -> bool:
    """Whether the kernel sends that port elsewhere."""
    rules = subprocess.run(["iptables", "-t", "nat", "-S"], capture_output=True, text=True, check=True).stdout
    return f"--dport {port} " in rules


def test_the_next_engine_clears_away_what_killed_tests_left(left: Path, port: int) -> None:
    assert forwards(port)
    with podman.podman():
        assert not forwards(port)
        assert not left.exists()


def test_an_engine_in_use_is_left_alone(port: int) -> None:
    with podman.podman() as first, podman.podman():
        assert docker.DockerClient(base_url=first).ping()
