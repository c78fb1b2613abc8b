"""Workers that die, for tests of what becomes of their work."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from deployments import pipeline
from deployments.lease import Lease
from deployments.models import Deployment
from deployments.plans import PLANS
from deployments.steps import Done, Job


class Killed(BaseException):
    """What kill -9 is to a test: nothing after it runs."""


def instead(monkeypatch: pytest.MonkeyPatch, name: str, work: Callable[[Job], Done]) -> None:
    """Let a step do something else, in whichever plan it stands."""
    plans = {
        operation: tuple(replace(step, run=work) if step.name == name else step for step in plan)
        for operation, plan in PLANS.items()
    }
    monkeypatch.setattr(pipeline, "PLANS", plans)


def die_in(monkeypatch: pytest.MonkeyPatch, deployment: Deployment, name: str) -> None:
    """Run until `name`, that step included, and die before its outcome is written down."""
    deployment.refresh_from_db()
    done = next(step for step in PLANS[deployment.operation] if step.name == name)

    def half(job: Job) -> Done:
        done.run(job)
        raise Killed

    with monkeypatch.context() as patch:
        instead(patch, name, half)
        patch.setattr(Lease, "release", lambda lease: None)
        with pytest.raises(Killed):
            pipeline.run(deployment.pk)
    deployment.refresh_from_db()


def let_the_lease_run_out(deployment: Deployment) -> None:
    """As half a minute does."""
    Deployment.everyone.filter(pk=deployment.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def run(deployment: Deployment) -> Deployment:
    """What a worker does; returns the row as it is then."""
    pipeline.run(deployment.pk)
    deployment.refresh_from_db()
    return deployment


def outcomes(deployment: Deployment, *, of: str | None = None) -> list[tuple[str, str]]:
    """(step, outcome) of the log, of one operation or of all."""
    lines = deployment.logs.filter(operation=of) if of else deployment.logs.all()
    return list(lines.values_list("step", "outcome"))
