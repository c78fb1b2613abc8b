"""What people do to a deployment once it is there: restart, suspend, resume, destroy, upgrade, roll back, retry.

Each verb judges the row as it is now, changes it, notes who did it, and leaves the work to the pipeline, all in one
transaction. A crash after it is mended by the workers' sweep.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import transaction

from deployments import activity, events, tasks
from deployments.models import Deployment, Release
from deployments.objections import OperationRefused, judge, judge_release
from deployments.plans import first_step
from deployments.upgrades import complete
from tenants.models import User

Desired = Deployment.Desired
Operation = Deployment.Operation
Status = Deployment.Status

# What the log of activities calls it.
DONE = {
    Operation.RESTART: "restarted",
    Operation.SUSPEND: "suspended",
    Operation.RESUME: "resumed",
    Operation.DESTROY: "destroyed",
    Operation.UPGRADE: "upgraded",
    Operation.ROLLBACK: "rolled back",
}
DESIRED = {Operation.SUSPEND: Desired.SUSPENDED, Operation.DESTROY: Desired.DESTROYED}

__all__ = ["OperationRefused", "destroy", "restart", "resume", "retry", "rollback", "suspend", "upgrade"]


def restart(deployment: Deployment, by: User | None = None) -> None:
    """Start the tool anew, with its present settings and connections. Raises `OperationRefused`, as all verbs here."""
    _begin(deployment, Operation.RESTART, by)


def suspend(deployment: Deployment, by: User | None = None) -> None:
    """Stop the tool and keep everything."""
    _begin(deployment, Operation.SUSPEND, by)


def resume(deployment: Deployment, by: User | None = None) -> None:
    """Start a suspended tool."""
    _begin(deployment, Operation.RESUME, by)


def destroy(deployment: Deployment, by: User | None = None) -> None:
    """End it for good. What else is under way gives way: its worker notices within seconds (lease.py)."""
    _begin(deployment, Operation.DESTROY, by)


def upgrade(
    deployment: Deployment,
    by: User | None = None,
    *,
    release: Release | None = None,
    answers: Mapping[str, Any] | None = None,
) -> None:
    """Move to another release of its tool, by default the active one; `answers` are inputs that it did not have yet."""

    def prepare(row: Deployment) -> tuple[dict[str, Any], str]:
        wanted = judge_release(row, release)
        complete(row, wanted, answers or {})
        came_from = row.release if _worked(row) else row.previous_release
        return {"release": wanted, "previous_release": came_from}, f"{row.release.version} → {wanted.version}"

    _begin(deployment, Operation.UPGRADE, by, prepare)


def rollback(deployment: Deployment, by: User | None = None) -> None:
    """Go back to the release before the last upgrade."""

    def prepare(row: Deployment) -> tuple[dict[str, Any], str]:
        assert row.previous_release
        complete(row, row.previous_release, {})
        changes = {"release": row.previous_release, "previous_release": None}
        return changes, f"{row.release.version} → {row.previous_release.version}"

    _begin(deployment, Operation.ROLLBACK, by, prepare)


def retry(deployment: Deployment, by: User | None = None) -> None:
    """Go on with what failed, from the step that failed, with the same key and secrets."""
    with transaction.atomic():
        row = _locked(deployment)
        judge(row, "retry")
        operation = Operation(row.operation or Operation.DEPLOY)
        _save(row, {"operation": operation, "status": _status_meanwhile(row), "failure": {}})
        activity.note(row, "retried", by=by, detail=f"the {operation.label.lower()}")
    deployment.refresh_from_db()


type Preparation = Callable[[Deployment], tuple[dict[str, Any], str]]


def _begin(
    deployment: Deployment, operation: Operation, by: User | None, prepare: Preparation = lambda row: ({}, "")
) -> None:
    """Put `operation` under way. `prepare` says what else to change on the row, and what to note beside the action."""
    with transaction.atomic():
        row = _locked(deployment)
        judge(row, operation)
        more, detail = prepare(row)
        changes = more | {
            "operation": operation,
            "current_step": first_step(operation),
            "status": _status_meanwhile(row),
            "desired_state": DESIRED.get(operation, Desired.RUNNING),
            "failure": {},
        }
        _save(row, changes)
        activity.note(row, DONE[operation], by=by, detail=detail)
    deployment.refresh_from_db()


def _locked(deployment: Deployment) -> Deployment:
    """The row as it is now, ours until the transaction ends: two who press at once come one after the other."""
    rows = Deployment.everyone.select_for_update(no_key=True, of=("self",))
    row: Deployment = rows.select_related("tenant", "app", "release__tool", "previous_release").get(pk=deployment.pk)
    return row


def _save(row: Deployment, changes: Mapping[str, Any]) -> None:
    """Write, tell pages, and put the pipeline into the queue."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "updated_at"])
    events.deployment_changed(row)
    transaction.on_commit(partial(tasks.enqueue_deploy, row.pk))


def _status_meanwhile(row: Deployment) -> str:
    """A failed one can't stay so while something is under way. One that ran may run still; nobody knows how well."""
    if row.status != Status.FAILED:
        return row.status
    return Status.DEGRADED if row.url else Status.DEPLOYING


def _worked(row: Deployment) -> bool:
    """Whether its present release has ever run well."""
    unproven = {Operation.DEPLOY, Operation.UPGRADE, Operation.ROLLBACK}
    return bool(row.url) and not (row.status == Status.FAILED and row.operation in unproven)
