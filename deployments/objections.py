"""What speaks against an operation, as the deployment is now. Pages offer what nothing speaks against."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.models import Deployment, Release

Operation = Deployment.Operation
Status = Deployment.Status

RETRY = "retry"
ACTIONS = (*(operation for operation in Operation if operation != Operation.DEPLOY), RETRY)
RUNS = frozenset({Status.RUNNING, Status.DEGRADED})
# What a person reads while it is under way.
UNDER_WAY = {
    Operation.DEPLOY: "being deployed",
    Operation.RESTART: "being restarted",
    Operation.SUSPEND: "being suspended",
    Operation.RESUME: "being resumed",
    Operation.DESTROY: "being destroyed",
    Operation.UPGRADE: "being upgraded",
    Operation.ROLLBACK: "being rolled back",
}


class OperationRefused(Exception):
    """It makes no sense now. `code` is for programs, `message` a sentence for people; `details` what it is about."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code, self.message, self.details = code, message, dict(details or {})


def judge(deployment: Deployment, action: str) -> None:
    """Raise `OperationRefused` where something speaks against `action`."""
    for code, message in _objections(deployment, action):
        raise OperationRefused(code, message)


def possible(deployment: Deployment) -> frozenset[str]:
    """The actions that nothing speaks against."""
    return frozenset(action for action in ACTIONS if next(_objections(deployment, action), None) is None)


def judge_release(deployment: Deployment, release: Release | None) -> Release:
    """The release to upgrade to: `release`, or the tool's active one. Raises `OperationRefused`."""
    tool = deployment.release.tool
    wanted = release or tool.active_release
    if wanted is None or wanted.tool_id != tool.pk or wanted.status == Release.Status.WITHDRAWN:
        raise OperationRefused("release_unknown", f"{tool.name} has no such version to upgrade to.")
    if wanted.pk == deployment.release_id:
        raise OperationRefused("up_to_date", f"{deployment.name} has version {wanted.version} already.")
    return wanted


def newer_release(deployment: Deployment) -> Release | None:
    """The release that an upgrade would move to."""
    try:
        judge(deployment, Operation.UPGRADE)
        return judge_release(deployment, None)
    except OperationRefused:
        return None


type Objections = Iterator[tuple[str, str]]


def _objections(deployment: Deployment, action: str) -> Objections:
    """(code, sentence), the weightiest first."""
    yield from _of_the_end(deployment, action)
    yield from _of_what_is_under_way(deployment, action)
    match action:
        case Operation.RESTART:
            yield from _unless_it_runs(deployment)
        case Operation.SUSPEND:
            yield from _unless_it_could_run(deployment)
        case Operation.RESUME:
            yield from _unless_suspended(deployment)
        case Operation.UPGRADE:
            yield from _if_suspended(deployment)
        case Operation.ROLLBACK:
            yield from _if_suspended(deployment)
            yield from _without_a_way_back(deployment)
        case "retry" if deployment.status != Status.FAILED:
            yield "not_failed", "There is nothing to retry: nothing failed."


def _of_the_end(deployment: Deployment, action: str) -> Objections:
    if deployment.status == Status.DESTROYED:
        yield "destroyed", f"{deployment.name} was destroyed."
    elif deployment.operation == Operation.DESTROY and action not in {Operation.DESTROY, RETRY}:
        yield "being_destroyed", f"{deployment.name} is being destroyed."


def _of_what_is_under_way(deployment: Deployment, action: str) -> Objections:
    """To destroy is possible at any time; all else waits its turn."""
    if not deployment.operation or deployment.status == Status.FAILED:
        return
    if action != Operation.DESTROY or deployment.operation == Operation.DESTROY:
        now = UNDER_WAY[Operation(deployment.operation)]
        yield "operation_under_way", f"{deployment.name} is {now}. Wait until that is done."


def _unless_it_runs(deployment: Deployment) -> Objections:
    yield from _if_suspended(deployment)
    if deployment.status not in RUNS:
        yield "not_running", f"{deployment.name} does not run. Retry what failed instead."


def _unless_it_could_run(deployment: Deployment) -> Objections:
    if deployment.status == Status.SUSPENDED or deployment.operation == Operation.SUSPEND:
        yield "suspended", f"{deployment.name} is suspended already, or its suspension is to be retried."
    if not deployment.url:
        yield "not_running", f"{deployment.name} has not run yet. Retry, or destroy it."


def _unless_suspended(deployment: Deployment) -> Objections:
    if deployment.status != Status.SUSPENDED and deployment.operation != Operation.SUSPEND:
        yield "not_suspended", f"{deployment.name} is not suspended."


def _if_suspended(deployment: Deployment) -> Objections:
    if deployment.desired_state == Deployment.Desired.SUSPENDED:
        yield "suspended", f"{deployment.name} is suspended. Resume it first."


def _without_a_way_back(deployment: Deployment) -> Objections:
    before = deployment.previous_release
    if before is None:
        yield "no_previous_release", f"{deployment.name} has no earlier version to go back to."
    elif before.status == Release.Status.WITHDRAWN:
        yield "release_withdrawn", f"Version {before.version} was withdrawn."
