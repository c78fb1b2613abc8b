"""The page on performance says what was measured; the benchmarks run."""

import json
from pathlib import Path

import pytest

from bench import table, vend

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/performance.md").read_text()
RESULTS = json.loads((ROOT / "bench/results.json").read_text())


def test_the_tables_are_those_of_the_last_results() -> None:
    assert table.fill(PAGE, RESULTS) == PAGE


def test_every_table_is_on_the_page_and_measured() -> None:
    assert {name for _, name, _ in table.BLOCK.findall(PAGE)} == set(table.BLOCKS)
    assert "Not measured yet." not in PAGE


@pytest.mark.parametrize(("found", "verdict"), [(0.36, "met"), (0.34, "missed")])
def test_a_goal_that_is_missed_is_called_missed(found: float, verdict: str) -> None:
    results = {**RESULTS, "vend": {**RESULTS["vend"], "many": {"postgres": {"ratio": found}, "sqlite": {"ratio": 1}}}}
    line = next(line for line in table.goals(results) if "16 connections, PostgreSQL" in line)
    assert line.endswith(f"| ≥ 0.35 | {found} | {verdict} |")


@pytest.mark.e2e
@pytest.mark.xdist_group("stack")
def test_tokens_can_be_measured() -> None:
    found = vend.measure(quick=True)
    assert set(found["many"]) == {"hello", "postgres", "sqlite"}
    assert all(
        figure["figure"] > 0 and figure["ratio"] > 0 for figure in [*found["many"].values(), *found["one"].values()]
    )
