"""Waiting for what another thread does."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep


def wait_until(condition: Callable[[], object]) -> None:
    give_up_at = monotonic() + 20
    while not condition():
        assert monotonic() < give_up_at, "it never happened"
        sleep(0.001)
