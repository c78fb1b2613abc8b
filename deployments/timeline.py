"""How far a deployment is, step by step, as its page shows it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone

from deployments.models import DeployLog, Deployment
from deployments.plans import PLANS
from deployments.steps import Step

type State = Literal["pending", "running", "done", "failed"]

Outcome = DeployLog.Outcome


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: how it stands, how long it took or has taken, what it said last, and its whole log."""

    name: str
    title: str
    state: State
    seconds: float | None
    message: str
    log: list[DeployLog]


def timeline(deployment: Deployment) -> list[StepView]:
    """All steps, in order, of what is under way; else of what was done last."""
    plan = PLANS[operation_of(deployment)]
    lines = _lines(deployment)
    names = [step.name for step in plan]
    # The steps before the current one are done; an empty name means that all are.
    reached = names.index(deployment.current_step) if deployment.current_step in names else len(names)
    now = timezone.now()
    return [_view(deployment, step, lines[step.name], index - reached, now) for index, step in enumerate(plan)]


def operation_of(deployment: Deployment) -> str:
    """The operation that the timeline is about."""
    if deployment.operation:
        return deployment.operation
    last = DeployLog.everyone.filter(deployment=deployment).order_by("-id").first()
    return last.operation if last else Deployment.Operation.DEPLOY


def _lines(deployment: Deployment) -> dict[str, list[DeployLog]]:
    """step → its lines, of that operation alone."""
    operation = operation_of(deployment)
    lines = defaultdict[str, list[DeployLog]](list)
    for line in DeployLog.everyone.filter(deployment=deployment).order_by("id"):
        if line.operation != operation:
            lines.clear()
        else:
            lines[line.step].append(line)
    return lines


def _view(deployment: Deployment, step: Step, log: list[DeployLog], ahead: int, now: datetime) -> StepView:
    last = log[-1] if log else None
    state = _state(deployment, last, ahead)
    told = last if last and state != "pending" else None
    return StepView(
        name=step.name,
        title=step.title,
        state=state,
        seconds=((told.finished_at or now) - told.started_at).total_seconds() if told else None,
        message=told.message if told else "",
        log=log,
    )


def _state(deployment: Deployment, last: DeployLog | None, ahead: int) -> State:
    if ahead < 0:
        return "done"
    if ahead > 0:
        return "pending"
    if deployment.status == Deployment.Status.FAILED:
        return "failed"
    return "running" if last and last.outcome == Outcome.RUNNING else "pending"
