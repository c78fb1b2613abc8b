"""Output of a tool, read on from a position, whatever rotation did meanwhile."""

from pathlib import Path

import pytest

from deployments.runtimes import presentable, presentable_lines, tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "tool.log"
    path.write_text("one\ntwo\n")
    return path


def write(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def rotate(log: Path) -> None:
    for number in (2, 1, 0):
        source = log.with_name(f"{log.name}.{number}") if number else log
        if source.exists():
            source.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.touch()


def test_everything_is_read_and_then_what_came_since(log: Path) -> None:
    first = tail.read(log)
    write(log, "three\n")
    assert (first.lines, tail.read(log, first.position).lines) == (["one", "two"], ["three"])


def test_nothing_new_is_nothing(log: Path) -> None:
    first = tail.read(log)
    assert tail.read(log, first.position) == tail.Piece([], first.position)


def test_a_line_without_an_end_waits_for_it(log: Path) -> None:
    write(log, "thr")
    first = tail.read(log)
    write(log, "ee\n")
    assert (first.lines[-1], tail.read(log, first.position).lines) == ("two", ["three"])


def test_a_last_word_without_an_end_is_read_by_who_asks_for_it(log: Path) -> None:
    write(log, "killed")
    assert tail.read(log, lines=2, unfinished=True).lines == ["two", "killed"]


def test_a_position_survives_rotation(log: Path) -> None:
    first = tail.read(log)
    write(log, "three\nfo")
    rotate(log)
    write(log, "ur\nfive\n")
    rotate(log)
    assert tail.read(log, first.position).lines == ["three", "four", "five"]
    assert tail.read(log).lines == ["one", "two", "three", "four", "five"]


def test_what_rotation_took_away_is_told(log: Path) -> None:
    first = tail.read(log)
    log.write_text("a new beginning\n")
    found = tail.read(log, first.position)
    assert (found.lines, found.gap) == (["a new beginning"], True)


@pytest.mark.parametrize("position", ["", "x", "1.2.3", "1.2.-3", "..", "1.2.²", "9" * 5000])
def test_a_position_that_is_none_gives_everything(log: Path, position: str) -> None:
    assert tail.read(log, position).lines == ["one", "two"]


def test_the_last_lines_may_lie_in_several_files(log: Path) -> None:
    rotate(log)
    write(log, "three\n")
    assert tail.read(log, lines=2).lines == ["two", "three"]
    assert tail.read(log, lines=0).lines == []


def test_a_tool_that_never_wrote_has_no_lines(tmp_path: Path) -> None:
    assert tail.read(tmp_path / "tool.log") == tail.Piece([], "")


def test_a_secret_of_several_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"
    assert presentable("got: MIIEvQIBADANBg", [key]) == "got: ••••••"
    assert "MII" not in presentable(key, [key])


def test_a_line_is_no_longer_than_a_page_can_bear() -> None:
    [shown] = presentable_lines(["x" * 10_000], [])
    assert len(shown) == 8193
