"""Output of a tool across its containers; each goes, and what it wrote stays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deployments.models import Deployment
from deployments.runtimes import container_log, folders


@dataclass
class Wrote:
    """A container that wrote something."""

    short_id: str
    text: bytes

    def logs(self) -> bytes:
        return self.text


@pytest.fixture
def deployment(tmp_path: Path, settings: Any) -> Deployment:
    settings.DATA_DIR = tmp_path
    deployment = Deployment(release_id=UUID(int=1))
    folders.make(deployment)
    return deployment


def read(deployment: Deployment, container: Any = None, since: str = "", lines: int | None = None) -> list[str]:
    return container_log.read(deployment, container, since, lines).lines


def test_one_container_after_the_other(deployment: Deployment) -> None:
    for number in range(3):
        container_log.keep(deployment, Wrote(f"c{number}", b"line %d\n" % number))  # type: ignore[arg-type]
    assert read(deployment, Wrote("c3", b"line 3\n")) == ["line 0", "line 1", "line 2", "line 3"]
    assert read(deployment, lines=1) == ["line 2"]


def test_a_position_holds_while_its_container_goes(deployment: Deployment) -> None:
    first = Wrote("c1", b"one\ntwo\n")
    position = container_log.read(deployment, first).position  # type: ignore[arg-type]
    first.text += b"three\nlast words"
    container_log.keep(deployment, first)  # type: ignore[arg-type]
    assert read(deployment, Wrote("c2", b"four\n"), position) == ["three", "last words", "four"]


def test_saving_twice_changes_nothing(deployment: Deployment) -> None:
    for _ in range(2):
        container_log.keep(deployment, Wrote("c1", b"one\n"))  # type: ignore[arg-type]
    assert read(deployment) == ["one"]


def test_output_that_the_engine_cut_is_told(deployment: Deployment) -> None:
    position = container_log.read(deployment, Wrote("c1", b"one\ntwo\n")).position  # type: ignore[arg-type]
    found = container_log.read(deployment, Wrote("c1", b"much later\n"), position)  # type: ignore[arg-type]
    assert (found.lines, found.gap) == (["much later"], True)


def test_the_log_does_not_grow_for_ever(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_log, "KEPT", 100)
    for number in range(20):
        container_log.keep(deployment, Wrote(f"c{number}", b"%d " % number + b"x" * 60 + b"\n"))  # type: ignore[arg-type]
    lines = read(deployment)
    assert 2 <= len(lines) <= 4
    assert lines[-1].startswith("19 ")


def test_a_tool_without_containers_wrote_nothing(deployment: Deployment) -> None:
    assert read(deployment) == []
