"""What runs a tool's process, behind one small interface."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.conf import settings

from deployments.models import Deployment

PROCESS, DOCKER = "process", "docker"


class Status(StrEnum):
    """How a tool's process is."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    # It ended soon after its start and will be started again.
    FALTERING = "faltering"
    # It ended, and will not be started again by itself.
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RuntimeState:
    """A tool's process as the runtime sees it. `since` is when the present status began, where that is known."""

    status: Status
    pid: int | None = None
    exit_code: int | None = None
    since: datetime | None = None

    @property
    def alive(self) -> bool:
        """There is a process."""
        return self.status in {Status.STARTING, Status.RUNNING}


@dataclass(frozen=True, slots=True)
class Output:
    """Complete lines that a tool wrote, oldest first, as a page may show them.

    `position` is what `output` takes to go on after them. `gap`: what came right after the asked position is gone.
    """

    lines: list[str]
    position: str
    gap: bool = False


class RuntimeFailed(Exception):
    """The runtime could not do it. `message` and `remedy` are for people; `output` is what a program said."""

    def __init__(self, message: str, remedy: str, output: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.output = message, remedy, output


class Runtime(Protocol):
    """Runs tools. Every call is idempotent, and raises `RuntimeFailed` where it can't do its work."""

    def prepare(self, deployment: Deployment, proceed: Callable[[], None]) -> str:
        """Put files and packages of the deployment's release in place; returns what was done, as a sentence.

        Each release has a working copy of its own, so the tool may run on from the one before until it is restarted.
        `proceed` is called again and again while that takes long, and may raise.
        """

    def start(self, deployment: Deployment, *, restart: bool = False) -> None:
        """Have the tool's process running. One that runs is left alone unless `restart`."""

    def stop(self, deployment: Deployment) -> None:
        """Have no process of the tool, now and after a restart of the machine."""

    def state(self, deployment: Deployment) -> RuntimeState:
        """How the process is; `UNKNOWN` where the runtime can't be asked."""

    def logs(self, deployment: Deployment, lines: int = 200) -> str:
        """The last lines that the tool wrote, without the deployment's own secrets."""

    def output(self, deployment: Deployment, since: str = "", lines: int | None = None) -> Output:
        """What the tool wrote after the position `since`, of it the last `lines`; without limits, all that is kept.

        Without the deployment's own secrets. A runtime that can't be asked says what it still knows.
        """

    def remove(self, deployment: Deployment) -> None:
        """Have nothing of the tool: no process, no files, no packages, no output."""


def current() -> Runtime:
    """The runtime of this installation."""
    if settings.RUNTIME == DOCKER:
        from deployments.runtimes.containers import DockerRuntime  # noqa: PLC0415  (it implements what is above)

        return DockerRuntime()
    from deployments.runtimes.process import ProcessRuntime  # noqa: PLC0415

    return ProcessRuntime()


def unreachable() -> RuntimeFailed:
    """What to raise where that which runs the tools does not answer."""
    if settings.RUNTIME == DOCKER:
        from deployments.runtimes import engine  # noqa: PLC0415

        return engine.unreachable()
    from deployments.runtimes import supervisor  # noqa: PLC0415

    return supervisor.not_running()


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
SHORTEST = 6  # characters; hiding shorter values would black out half of the text
LONGEST_LINE = 8192  # characters of a line that a page shows


def presentable(output: str, hidden: Iterable[str]) -> str:
    """A program's output as a page may show it: no terminal escapes, no NUL, and none of the `hidden` values."""
    text = ESCAPES.sub("", output).replace("\x00", "")
    # A key of several lines is often written line by line, with something in front of each.
    parts = {part.strip() for value in hidden for part in (value, *value.splitlines())}
    for value in sorted((part for part in parts if len(part) >= SHORTEST), key=len, reverse=True):
        text = text.replace(value, "••••••")
    return text


def presentable_lines(lines: list[str], hidden: Iterable[str]) -> list[str]:
    """The same for lines, each of a length that a page can bear."""
    if not lines:
        return []
    shown = presentable("\n".join(lines), hidden).split("\n")
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in shown]
