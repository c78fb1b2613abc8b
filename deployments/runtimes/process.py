"""Tools as processes of this machine, under supervisord."""

import xmlrpc.client
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from supervisor.xmlrpc import Faults

from deployments import environment
from deployments.manifest import published
from deployments.models import Deployment
from deployments.runtimes import (
    Output,
    RuntimeFailed,
    RuntimeState,
    Status,
    alone,
    copies,
    folders,
    packages,
    presentable_lines,
    supervisor,
    tail,
    users,
)

STATUS = {
    "STOPPED": Status.STOPPED,
    "STOPPING": Status.RUNNING,
    "STARTING": Status.STARTING,
    "RUNNING": Status.RUNNING,
    "BACKOFF": Status.FALTERING,
    "EXITED": Status.ENDED,
    "FATAL": Status.ENDED,
}


class ProcessRuntime:
    """The embedded default: no more than supervisord and a folder for each tool."""

    def prepare(self, deployment: Deployment, proceed: Callable[[], None]) -> str:
        """A working copy of the release, and for Python a virtual environment."""
        release = published(deployment.release)
        if release.service.image:
            raise RuntimeFailed(
                f"{release.name} comes as a container image, and tools run as processes here.",
                "Ask an operator to set VENDO_RUNTIME=docker.",
            )
        folders.make(deployment)
        copies.make(deployment)
        user = users.of(deployment)
        users.hand_over(deployment, user)
        users.open_the_way(user)
        if release.runtime != "python":
            return "Copied the tool's files."
        return packages.install(deployment, proceed, user)

    def start(self, deployment: Deployment, *, restart: bool = False) -> None:
        """Tell supervisord about the tool and have it running."""
        name = supervisor.program_name(deployment)
        folders.make(deployment)
        supervisor.write_program(deployment)
        try:
            _register(name)
            info = supervisor.call("getProcessInfo", name)
            if restart and info["statename"] in {"STARTING", "RUNNING", "BACKOFF"}:
                _tolerate({Faults.NOT_RUNNING}, "stopProcess", name)
                info = supervisor.call("getProcessInfo", name)
            if info["statename"] not in {"STARTING", "RUNNING", "BACKOFF"}:
                wait = False
                _tolerate({Faults.ALREADY_STARTED}, "startProcess", name, wait)
                copies.drop_old(deployment)
        except xmlrpc.client.Fault as fault:
            raise _refusal(fault) from None

    def stop(self, deployment: Deployment) -> None:
        """End the process and forget it."""
        name = supervisor.program_name(deployment)
        supervisor.program_file(deployment).unlink(missing_ok=True)
        try:
            _tolerate({Faults.BAD_NAME, Faults.NOT_RUNNING}, "stopProcess", name)
            _tolerate({Faults.BAD_NAME}, "removeProcessGroup", name)
        except xmlrpc.client.Fault as fault:
            raise _refusal(fault) from None

    def state(self, deployment: Deployment) -> RuntimeState:
        """What supervisord says about it."""
        try:
            info = supervisor.call("getProcessInfo", supervisor.program_name(deployment))
        except RuntimeFailed:
            return RuntimeState(Status.UNKNOWN)
        except xmlrpc.client.Fault as fault:
            return RuntimeState(Status.STOPPED if fault.faultCode == Faults.BAD_NAME else Status.UNKNOWN)
        return _state(info)

    def logs(self, deployment: Deployment, lines: int = 200) -> str:
        """The end of its log file; works without supervisord."""
        piece = tail.read(folders.log(deployment), lines=lines, unfinished=True)
        return "\n".join(presentable_lines(piece.lines, environment.secret_values(deployment)))

    def output(self, deployment: Deployment, since: str = "", lines: int | None = None) -> Output:
        """From its log file and those put aside; works without supervisord."""
        piece = tail.read(folders.log(deployment), since, lines)
        shown = presentable_lines(piece.lines, environment.secret_values(deployment))
        return Output(shown, piece.position, piece.gap)

    def remove(self, deployment: Deployment) -> None:
        """End the process and delete its folder."""
        self.stop(deployment)
        alone.forget(deployment.pk)
        folders.delete(deployment)


def _register(name: str) -> None:
    """Make supervisord's picture of this tool the one in its file."""
    [[added, changed, _]] = supervisor.call("reloadConfig")
    if name in changed:
        _tolerate({Faults.NOT_RUNNING}, "stopProcess", name)
        _tolerate({Faults.BAD_NAME}, "removeProcessGroup", name)
    if name in added or name in changed:
        _tolerate({Faults.ALREADY_ADDED}, "addProcessGroup", name)


def _tolerate(faults: set[int], method: str, *arguments: Any) -> None:
    """Call; some refusals mean that there was nothing to do."""
    try:
        supervisor.call(method, *arguments)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in faults:
            raise


def _refusal(fault: xmlrpc.client.Fault) -> RuntimeFailed:
    return RuntimeFailed(
        f"The tool supervisor refused: {fault.faultString}.", "Look into supervisor/supervisord.log of the data folder."
    )


def _state(info: dict[str, Any]) -> RuntimeState:
    status = STATUS.get(info["statename"], Status.UNKNOWN)
    alive = status in {Status.STARTING, Status.RUNNING}
    moment = info["start"] if alive else info["stop"]
    return RuntimeState(
        status,
        pid=info["pid"] or None,
        exit_code=None if alive else info["exitstatus"],
        since=datetime.fromtimestamp(moment, UTC) if moment else None,
    )
