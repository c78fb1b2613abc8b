"""Whatever is killed at whichever step: a deploy ends well, or in a failure from which Retry leads out."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.api import Api
from tests.e2e.census import Census
from tests.e2e.conftest import on_each_runtime
from tests.e2e.killing import ALL, NAMES, Case, Killing
from tests.e2e.stack import Stack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kill"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Processes are counted in Linux's /proc."),
    on_each_runtime,
]


@pytest.fixture(scope="module")
def cases(stack: Stack) -> Mapping[tuple[str, str], Case]:
    """All the killing, once for each runtime."""
    stack.manage("publish_tool", "tests/e2e/tools/quick")
    stack.stop("worker")
    stack.start_crew(len(NAMES))
    with Api(stack) as api, Census() as census:
        killing = Killing(stack, api, census)
        killing.run()
        killing.destroy()
    stack.stop("worker")
    stack.start_worker()
    return killing.cases


@pytest.mark.parametrize(("killed", "step"), ALL)
def test_nothing_is_stuck_or_there_twice(cases: Mapping[tuple[str, str], Case], killed: str, step: str) -> None:
    case = cases[killed, step]
    assert case.status in {"running", "failed"}, f"Stuck: {case}"
    assert case.status == "running" or (case.failure or {}).get("remedy"), f"Failed without a way out: {case}"
    assert case.after_retry == "running", f"Retry did not help: {case}"
    assert case.answer == case.id, f"The tool does not answer: {case}"
    assert (case.children, case.most_children) == (1, 1), f"Not one process at all times: {case}"
    assert case.facts["keys"] == 1, f"Not one key: {case}"
    assert not case.facts["open"] and not case.facts["lease"] and not case.facts["operation"], f"Left open: {case}"
    assert not case.facts["tasks"], f"A task seems to run for ever: {case}"
