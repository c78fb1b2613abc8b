"""How far a deployment is, step by step, as its page shows it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone

from deployments.models import DeployLog, Deployment
from deployments.steps import STEPS, Step

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
    """All steps in order."""
    lines = defaultdict[str, list[DeployLog]](list)
    for line in DeployLog.everyone.filter(deployment=deployment).order_by("id"):
        lines[line.step].append(line)
    names = [step.name for step in STEPS]
    # The steps before the current one are done; an empty name means that all are.
    reached = names.index(deployment.current_step) if deployment.current_step in names else len(names)
    now = timezone.now()
    return [_view(deployment, step, lines[step.name], index - reached, now) for index, step in enumerate(STEPS)]


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
