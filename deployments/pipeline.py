"""Runs the steps of an operation, one after the other, so that any worker can go on where another one died.

`Deployment.current_step` is the step to run next. It is saved in one transaction with the outcome of the step before,
under a lease (lease.py), so a step is either done and recorded, or will be run again.
"""

import logging
import secrets
import traceback
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from deployments import activity, environment, events
from deployments.lease import Lease, LeaseLost
from deployments.models import DeployLog, Deployment
from deployments.plans import PLANS
from deployments.runtimes import presentable
from deployments.steps import Done, Job, Step, StepFailed
from deployments.timeline import StepView, timeline

__all__ = ["PLANS", "Step", "StepView", "run", "timeline"]

logger = logging.getLogger(__name__)

# Workers that may die in one step before it is taken for the step's fault.
PATIENCE = 5
MESSAGE_MAX = 1000

Outcome = DeployLog.Outcome


def run(deployment_id: UUID) -> None:
    """Run what is left of what is under way, unless another worker does. Never raises: failures are in the row."""
    while _run_operation(Lease(deployment_id)):
        pass


def _run_operation(lease: Lease) -> bool:
    """Whether to look again, because what was under way may have given way to something else."""
    if not lease.take():
        return False
    try:
        with lease.kept():
            while _run_next(lease):
                pass
    except LeaseLost:
        logger.warning("Deployment %s was taken over, or is to do something else", lease.deployment_id)
        return True
    except (OperationalError, InterfaceError) as error:
        # The database went away. Nothing is recorded, so the sweep will have the step run again.
        logger.warning("Deployment %s waits for the database: %s", lease.deployment_id, type(error).__name__)
    return False


def _run_next(lease: Lease) -> bool:
    """Run one step; whether there is another one to run."""
    with lease.writing() as deployment:
        step = _step(deployment)
        log = _open_log(deployment, step)
    if log is None:
        _close(lease, step, None, StepFailed(*_TOO_OFTEN))
        return False
    job = Job(deployment, lease)
    try:
        done = step.run(job)
    except StepFailed as failure:
        _close(lease, step, log, failure)
        return False
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, the person must hear of it, and the next deploy must run)
        _close(lease, step, log, _unexpected(error, step))
        return False
    return _finish(lease, step, log, done)


_TOO_OFTEN = (
    f"This step was interrupted {PATIENCE} times.",
    "Retry. If it happens again, ask an operator to look why workers end in this step.",
)


def _step(deployment: Deployment) -> Step:
    plan = PLANS[deployment.operation]
    return next((step for step in plan if step.name == deployment.current_step), plan[0])


def _next(operation: str, step: Step) -> str:
    """The name of the step after `step`, or "" at the end."""
    plan = PLANS[operation]
    following = plan[plan.index(step) + 1 :]
    return following[0].name if following else ""


def _open_log(deployment: Deployment, step: Step) -> DeployLog | None:
    """The line for this run of the step; None where too many runs of it died."""
    now = timezone.now()
    mine = DeployLog.everyone.filter(deployment=deployment)
    # Whoever wrote these lines is gone: we hold the lease.
    mine.filter(outcome=Outcome.RUNNING).update(
        outcome=Outcome.INTERRUPTED,
        level=DeployLog.Level.WARNING,
        message="The worker went away; another one goes on.",
        finished_at=now,
    )
    runs = mine.filter(operation=deployment.operation, step=step.name).order_by("-id")
    recent = list(runs.values_list("outcome", flat=True)[:PATIENCE])
    if recent == [Outcome.INTERRUPTED] * PATIENCE:
        return None
    log: DeployLog = DeployLog.everyone.create(
        tenant=deployment.tenant,
        deployment=deployment,
        operation=deployment.operation,
        step=step.name,
        started_at=now,
    )
    events.deployment_changed(deployment)
    return log


def _finish(lease: Lease, step: Step, log: DeployLog, done: Done) -> bool:
    following = _next(lease.operation, step)
    with lease.writing() as deployment:
        _end(log, Outcome.DONE, DeployLog.Level.INFO, done.message, done.metadata)
        _save(deployment, {"current_step": following} | dict(done.changes))
    return bool(following)


def _close(lease: Lease, step: Step, log: DeployLog | None, failure: StepFailed) -> None:
    """The step failed, and so the deployment, until somebody retries or decides otherwise."""
    with lease.writing() as deployment:
        shown = {"output": presentable(failure.output, environment.secret_values(deployment))} if failure.output else {}
        log = log or DeployLog(
            tenant=deployment.tenant, deployment=deployment, operation=lease.operation, step=step.name
        )
        _end(log, Outcome.FAILED, DeployLog.Level.ERROR, failure.message, shown)
        told = {"step": step.name, "message": failure.message, "remedy": failure.remedy}
        if failure.slug:
            told["slug"] = failure.slug
        _save(deployment, {"status": Deployment.Status.FAILED, "failure": told})
        activity.note(deployment, f"{deployment.get_operation_display().lower()} failed", detail=f"at “{step.title}”")


def _end(log: DeployLog, outcome: str, level: str, message: str, metadata: Mapping[str, Any]) -> None:
    log.outcome, log.level, log.finished_at = outcome, level, timezone.now()
    log.message, log.metadata = message[:MESSAGE_MAX], dict(metadata)
    log.save()


def _save(deployment: Deployment, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(deployment, name, value)
    deployment.save(update_fields=[*changes, "updated_at"])
    events.deployment_changed(deployment)


def _unexpected(error: Exception, step: Step) -> StepFailed:
    """A sentence with a reference. The log gets type and place, not the message: it may repeat what is secret."""
    reference = secrets.token_hex(4)
    way = " < ".join(
        f"{frame.filename}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    logger.error("Step %s failed, reference %s: %s at %s", step.name, reference, type(error).__name__, way)
    return StepFailed(
        f"Something went wrong on our side. Reference: {reference}.",
        "Retry. If it happens again, give an operator the reference; the worker's log has the details.",
    )
