"""Tools as real containers of a real engine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import podman

# What is made once for all of these tests is costly, and has ports of its own.
pytestmark = pytest.mark.xdist_group("docker")

ROOT = Path(__file__).resolve().parents[2]
OURS = {"DEBUG", "VENDO_DATA_DIR", "VENDO_VAULT_KEYS", "SECRET_KEY", "DOCKER_HOST", "VENDO_RUNTIME"}

# The old release answers until the restart, each way.
UPGRADED = {"pages": ["one", "one", "two", "two", "one"], "copies": 2}


@dataclass(frozen=True)
class Place:
    """Where an engine is: its address, and the start of command lines in its network."""

    address: str
    enter: list[str]


@pytest.fixture(scope="module")
def engine_at() -> Iterator[Place]:
    """An engine in a network of its own."""
    if reason := podman.obstacle():
        pytest.skip(reason)
    with podman.apart() as enter, podman.podman(enter) as address:
        yield Place(address, enter)


def journey(folder: Path, place: Place, parts: str, **environment: str) -> Any:
    """What docker_journey tells of those parts, in a process with a database and a data folder of its own."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "DEBUG": "true",
        "VENDO_RUNTIME": "docker",
        "DOCKER_HOST": place.address,
        "VENDO_DOCKER_IMAGE": podman.PYTHON_IMAGE,
        "VENDO_DATA_DIR": str(folder),
        "JOURNEY_DIR": str(folder / "tools-of-the-test"),
        "JOURNEY_PARTS": parts,
        **environment,
    }
    for command in (
        ["migrate", "--verbosity=0"],
        ["shell", "-v0", "-c", "from tests.deployments.docker_journey import main; main()"],
    ):
        done = subprocess.run(
            [*place.enter, sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(engine_at: Place, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of tools in a network of their own."""
    parts = "good,bad,uninstallable,upgraded,image,crashing"
    return journey(
        tmp_path_factory.mktemp("docker"),
        engine_at,
        parts,
        VENDO_DOCKER_NETWORK="bridge",
        VENDO_TOOL_PORTS="8760-8769",
        VENDO_TOOL_MEMORY="256m",
    )


@pytest.fixture(scope="module")
def facts(told: Any) -> Any:
    """What the engine says about the good tool's container."""
    return told["good"]["facts"]


def said(told: Any, word: str) -> list[str]:
    """The words after `word` in the good tool's log."""
    lines: list[str] = told["good"]["log"].splitlines()
    return next(line for line in lines if line.startswith(word)).split()[1:]


def test_a_tool_runs_and_answers(told: Any) -> None:
    assert (told["good"]["status"], told["good"]["page"]) == ("running", "ok"), told["good"]["failure"]


def test_starting_what_runs_leaves_it_alone_and_restarting_does_not(told: Any) -> None:
    first, second, third = told["good"]["pids"]
    assert first == second != third


def test_a_deployment_has_one_container_which_bears_its_id(facts: Any) -> None:
    assert facts["names"] == [facts["labels"]["vendo.deployment"]]


def test_its_port_is_published_on_this_machine_alone(told: Any, facts: Any) -> None:
    port = str(told["good"]["port"])
    assert facts["ports"] == {f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}


def test_the_engine_starts_it_again_after_a_crash_and_limits_it(facts: Any) -> None:
    assert facts["policy"] == {"Name": "on-failure", "MaximumRetryCount": 5}
    assert (facts["memory"], facts["pids_limit"]) == (256 * 1024**2, 512)
    assert "SETUID" in facts["caps"] or "ALL" in facts["caps"]


def test_a_tool_gets_its_own_environment_and_nothing_of_ours(told: Any) -> None:
    names = set(said(told, "names"))
    assert {"VENDO_API_KEY", "PORT", "SESSION", "HOME", "VIRTUAL_ENV"} <= names
    assert names.isdisjoint(OURS)


def test_a_tool_runs_in_its_own_folder_with_its_own_packages_and_our_sdk(told: Any) -> None:
    folder, prefix, sdk = said(told, "where")
    assert (folder, prefix) == ("/vendo/app", "/vendo/venv")
    assert sdk.startswith("/vendo/venv/")


def test_a_tool_is_a_user_of_its_own(told: Any) -> None:
    user, group = map(int, said(told, "who"))
    assert user == group == told["good"]["owner"] != 0


def test_what_it_keeps_in_home_survives_a_restart(told: Any) -> None:
    assert said(told, "starts") == ["1"]
    assert "starts 2" in told["good"]["since"]


def test_output_goes_on_from_a_position_across_containers(told: Any) -> None:
    lines, since = told["good"]["all"], told["good"]["since"]
    assert lines[-len(since) :] == since
    assert [line for line in lines if line.startswith("starts")] == ["starts 1", "starts 2"]
    assert told["good"]["last"] == lines[-1:]


def test_a_secret_that_the_tool_prints_is_hidden_from_pages(told: Any) -> None:
    assert said(told, "session") == ["••••••"]


def test_no_secret_is_written_to_our_folder_by_us(told: Any) -> None:
    assert len(told["good"]["secrets"]) == 4
    # The tool's own log is what the tool wrote.
    assert [path for path in told["good"]["files"] if not path.endswith("/tool.log")] == []


def test_a_tool_that_is_removed_leaves_nothing(told: Any) -> None:
    assert told["good"]["removed"] == {"status": "stopped", "folder": False, "containers": []}


def test_a_tool_that_ends_at_once_fails_early_with_its_last_lines(told: Any) -> None:
    bad = told["bad"]
    assert bad["failure"]["step"] == "health_check"
    assert bad["failure"]["message"].startswith("The tool ends soon after it starts")
    assert "no luck today" in bad["output"]


def test_a_tool_that_is_stopped_has_no_container_and_keeps_its_output(told: Any) -> None:
    bad = told["bad"]
    assert (bad["stopped"], bad["containers"]) == ("stopped", [])
    assert "no luck today" in bad["kept"]


def test_requirements_that_can_not_be_met_are_told_in_the_installers_words(told: Any) -> None:
    failed = told["uninstallable"]
    assert failed["failure"]["message"] == "Installing requirements.txt failed."
    assert "nothing-here" in failed["output"]
    assert failed["containers"] == []


def test_an_upgrade_changes_nothing_until_the_restart_and_can_be_taken_back(told: Any) -> None:
    assert told["upgraded"] == UPGRADED


def test_an_image_is_deployed_with_the_port_it_listens_on(told: Any) -> None:
    assert told["image"]["status"] == "running", told["image"]["failure"]
    assert "port 9123" in told["image"]["log"]


def test_an_images_home_survives_a_restart_and_goes_with_the_tool(told: Any) -> None:
    assert told["image"]["page"] == "x\nx\n"
    assert told["image"]["volume"] not in told["image"]["volumes"]


def test_a_tool_that_keeps_crashing_is_started_again_by_the_keeper(told: Any) -> None:
    crashed = told["crashing"]
    assert crashed["before"] == "ended"
    assert crashed["after"] == "running"
    assert crashed["environment"] == "changed"


def test_a_container_of_a_suspended_tool_is_stopped_by_the_keeper(told: Any) -> None:
    assert told["crashing"]["suspended"] == "stopped"


def test_in_the_machines_network_a_tool_may_listen_on_loopback(
    engine_at: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("host")
    told = journey(folder, engine_at, "upgraded", VENDO_TOOL_PORTS="8770-8779", VENDO_DOCKER_NETWORK="host")
    assert told["upgraded"] == UPGRADED
