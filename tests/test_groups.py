"""Tests that share what is costly, or a port, are of one group: `pytest-xdist` runs a group in one worker."""

import pytest


@pytest.mark.xdist_group("together")
def test_groups_hold(request: pytest.FixtureRequest, worker_id: str) -> None:
    """The scheduler goes by what is written behind the test's id; a version that writes nothing ignores all groups."""
    assert worker_id == "master" or request.node.nodeid.endswith("@together")
