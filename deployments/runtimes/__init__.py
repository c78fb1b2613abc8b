"""What runs a tool's process, behind one small interface."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from deployments.models import Deployment


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


class RuntimeFailed(Exception):
    """The runtime could not do it. `message` and `remedy` are for people; `output` is what a program said."""

    def __init__(self, message: str, remedy: str, output: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.output = message, remedy, output


class Runtime(Protocol):
    """Runs tools. Every call is idempotent, and raises `RuntimeFailed` where it can't do its work."""

    def prepare(self, deployment: Deployment, proceed: Callable[[], None]) -> str:
        """Put files and packages in place; returns what was done, as a sentence.

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


def current() -> Runtime:
    """The runtime of this installation."""
    from deployments.runtimes.process import ProcessRuntime  # noqa: PLC0415  (it implements what is above)

    return ProcessRuntime()


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
SHORTEST = 6  # characters; hiding shorter values would black out half of the text


def presentable(output: str, hidden: Iterable[str]) -> str:
    """A program's output as a page may show it: no terminal escapes, no NUL, and none of the `hidden` values."""
    text = ESCAPES.sub("", output).replace("\x00", "")
    for value in sorted({value for value in hidden if len(value) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(value, "••••••")
    return text
