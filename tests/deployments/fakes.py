"""A runtime that does nothing and remembers it, and deployments to try it on."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connections.models import Connection
from deployments.launch import launch
from deployments.models import Deployment, Release
from deployments.publish import publish
from deployments.runtimes import Output, RuntimeFailed, RuntimeState, Status
from tenants.models import Tenant, User
from tests.deployments.tools import write_tool


@dataclass
class FakeRuntime:
    """Runs nothing; `refusal` is raised by `prepare` and `start`."""

    calls: list[str] = field(default_factory=list)
    status: Status = Status.STOPPED
    written: str = ""
    refusal: RuntimeFailed | None = None

    def prepare(self, deployment: Deployment, proceed: Callable[[], None]) -> str:
        proceed()
        self._note("prepare")
        return "Prepared."

    def start(self, deployment: Deployment, *, restart: bool = False) -> None:
        self._note("restart" if restart else "start")
        self.status = Status.RUNNING

    def stop(self, deployment: Deployment) -> None:
        self._note("stop")
        self.status = Status.STOPPED

    def state(self, deployment: Deployment) -> RuntimeState:
        return RuntimeState(self.status, pid=7 if self.status is Status.RUNNING else None)

    def logs(self, deployment: Deployment, lines: int = 200) -> str:
        return self.written

    def output(self, deployment: Deployment, since: str = "", lines: int | None = None) -> Output:
        written = self.written.splitlines()
        fresh = written[int(since or 0) :]
        return Output(fresh if lines is None else fresh[-lines:], str(len(written)))

    def remove(self, deployment: Deployment) -> None:
        self._note("remove")
        self.status = Status.STOPPED

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self.refusal:
            raise self.refusal


def release_of(folder: Path, *, integrations: list[Any] | None = None, **template: Any) -> Release:
    """The published release of a small tool in `folder`."""
    both = {"integrations": integrations or []}
    return publish(write_tool(folder, manifest=both, template=both | template))


def deployed(
    tenant: Tenant,
    release: Release,
    *,
    user: User | None = None,
    slug: str = "clock",
    inputs: Mapping[str, Any] | None = None,
    chosen: Mapping[str, Connection] | None = None,
) -> Deployment:
    """A launched deployment whose pipeline has not run."""
    return launch(
        tenant=tenant, user=user, release=release, name="Clock", slug=slug, inputs=inputs or {}, chosen=chosen or {}
    )


def everything_told(deployment: Deployment) -> str:
    """All that a page could show of a deployment's progress."""
    lines = deployment.logs.values("message", "metadata")
    return json.dumps([deployment.failure, *lines])
