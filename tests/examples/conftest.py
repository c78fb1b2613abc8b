"""The example tool and what surrounds it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.examples.world import Tool, World, running, world

type Start = Callable[..., Tool]


@pytest.fixture(name="world")
def world_fixture() -> Iterator[World]:
    """The dashboard and the providers."""
    with world() as made:
        yield made


@pytest.fixture
def start(tmp_path: Path, world: World) -> Iterator[Start]:
    """(on_dashboard=…, dotenv=…, **environment) → the running tool."""
    with ExitStack() as stack:

        def begin(*, on_dashboard: bool = True, dotenv: str = "", **environment: str) -> Tool:
            surroundings = world.surroundings(on_dashboard=on_dashboard) | environment
            return stack.enter_context(running(tmp_path, surroundings, dotenv=dotenv))

        yield begin
