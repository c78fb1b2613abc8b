"""`VENDO_RUNTIME` and its companions: what does not hold is refused before anything starts, with the reason."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployments import checks, runtimes
from deployments.runtimes import RuntimeFailed, Status, container_packages, containers, engine, limits
from deployments.runtimes.containers import DockerRuntime
from deployments.runtimes.process import ProcessRuntime

ROOT = Path(__file__).resolve().parents[2]


def messages() -> list[str]:
    return [f"{found.msg} {found.hint}" for found in checks.runtime(None)]


@pytest.mark.parametrize("command", ["manage.py worker", "manage.py tool_supervisor", "-m vendo_site.serve --port 0"])
def test_a_runtime_without_its_engine_is_refused_at_start(tmp_path: Path, command: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ours = {"DEBUG": "true", "VENDO_DATA_DIR": str(tmp_path), "VENDO_RUNTIME": "docker"}
    env = kept | ours | {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    run = [sys.executable, *command.split()]
    done = subprocess.run(run, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert f"no container engine answers at unix://{tmp_path}/nobody.sock (No such file or directory)" in done.stderr


def test_without_containers_nothing_is_asked_of_an_engine(settings: Any) -> None:
    settings.DOCKER_HOST = "unix:///nowhere"
    assert messages() == []
    assert isinstance(runtimes.current(), ProcessRuntime)


def test_a_runtime_that_is_none_is_refused(settings: Any) -> None:
    settings.RUNTIME = "kubernetes"
    assert messages() == ['VENDO_RUNTIME is \'kubernetes\'. Set it to "process" or "docker".']


@pytest.mark.parametrize("users", ["root", "0-100", "9-1", "5"])
def test_users_that_are_none_are_refused(settings: Any, users: str) -> None:
    settings.TOOL_USERS = users
    assert "VENDO_TOOL_USERS" in messages()[0]


@pytest.mark.parametrize("users", ["auto", "none", "1000-1999"])
def test_users_that_may_be_are_taken(settings: Any, users: str) -> None:
    settings.TOOL_USERS = users
    assert messages() == []


def test_an_address_that_speaks_something_else_is_told(settings: Any, tmp_path: Path) -> None:
    settings.RUNTIME, settings.DOCKER_HOST = "docker", f"unix://{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert "Connection refused" in messages()[0]
    settings.DOCKER_HOST = "nonsense://x"
    assert "No container engine answers" in engine.obstacle()


def test_an_engine_that_is_away_is_not_taken_for_a_tool_that_stopped(settings: Any, tmp_path: Path) -> None:
    settings.RUNTIME, settings.DOCKER_HOST = "docker", f"unix://{tmp_path}/s"
    from deployments.models import Deployment

    assert isinstance(runtimes.current(), DockerRuntime)
    assert runtimes.current().state(Deployment()).status is Status.UNKNOWN
    with pytest.raises(RuntimeFailed, match="No container engine answers"):
        runtimes.current().stop(Deployment())


@pytest.mark.parametrize(("text", "size"), [("", 0), ("512m", 512 * 1024**2), ("1G", 1024**3), ("2048", 2048)])
def test_memory_is_written_as_people_write_it(settings: Any, text: str, size: int) -> None:
    settings.TOOL_MEMORY = text
    assert limits.memory_bytes() == size


def test_our_sdk_takes_the_place_of_any_version_an_index_may_have() -> None:
    asked = ["vendo", "Vendo[http] >= 99  # sessions", "vendor==1", "requests", "vendo @ https://x/y.whl", "# vendo"]
    told = container_packages.rewritten(asked, "file:///w").splitlines()
    ours, ours_http = "vendo @ file:///w", "vendo[http] @ file:///w"
    assert told == [ours, ours_http, "vendor==1", "requests", ours, "# vendo"]


@pytest.mark.parametrize(
    ("image", "tagged"), [("a", False), ("host:5000/a", False), ("host:5000/a:1", True), ("a@sha256:0", True)]
)
def test_an_image_without_a_tag_is_the_latest(image: str, tagged: bool) -> None:
    assert containers._has_tag(image) is tagged
