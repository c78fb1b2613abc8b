"""Asks the tools that run, again and again, whether they still are well.

Every worker looks for tools that are due. Whoever writes its time of looking into a row first is the one that asks, so
each tool is asked by one worker at a time, and a worker that dies in between costs one round.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from pydantic import ValidationError

from deployments import activity, events, health, runtimes
from deployments.manifest import published
from deployments.models import Activity, Deployment
from deployments.runtimes import Runtime, RuntimeState, Status

logger = logging.getLogger(__name__)

PATIENCE = 3  # findings in a row until a tool counts as degraded
ASKERS = 16  # at once; a tool that does not answer takes `health.ASK_WITHIN`
BATCH = 128  # tools in one round

DEGRADED = "found it degraded"
RECOVERED = "found it well again"

RUNNING, UNWELL = Deployment.Status.RUNNING, Deployment.Status.DEGRADED


@dataclass(frozen=True, slots=True)
class Visit:
    """A tool that we are the one to ask, where to ask it, and since when it is ours."""

    deployment: Deployment
    port: int
    path: str
    claimed: datetime


def check() -> list[UUID]:
    """Ask every tool that is due; returns the ids of those whose status changed."""
    visits = list(_visits())
    if not visits:
        return []
    # Those who ask get what they need and touch no database.
    with ThreadPoolExecutor(min(ASKERS, len(visits)), thread_name_prefix="health") as askers:
        findings = list(askers.map(partial(_look, runtimes.current()), visits))
    seen = zip(visits, findings, strict=True)
    return [visit.deployment.pk for visit, finding in seen if finding is not None and _record(visit, finding)]


def last_finding(deployment: Deployment) -> str:
    """Why a degraded deployment is that, and "" for any other."""
    if deployment.status != UNWELL or deployment.operation:
        return ""
    noted: Activity | None = activity.history(deployment).filter(action=DEGRADED).first()
    return noted.detail if noted else ""


def _visits() -> Iterator[Visit]:
    now = timezone.now()
    resting = Deployment.everyone.filter(status__in=(RUNNING, UNWELL), operation="")
    due = resting.filter(Q(health_checked_at=None) | Q(health_checked_at__lt=now - _every()))
    rows = due.select_related("release__tool", "tenant").order_by(F("health_checked_at").asc(nulls_first=True))[:BATCH]
    for row in rows:
        # Compare-and-set: true for one of the workers that read the same time.
        if resting.filter(pk=row.pk, health_checked_at=row.health_checked_at).update(health_checked_at=now):
            yield from _visit(row, now)


def _visit(deployment: Deployment, now: datetime) -> Iterator[Visit]:
    """One tool that can't be asked must not keep us from the others."""
    try:
        plan = published(deployment.release).readiness
    except ValidationError:
        logger.warning("Deployment %s is not watched: its release can't be read any more", deployment.pk)
        return
    if port := plan.port or deployment.port:
        yield Visit(deployment, port, plan.path, now)


def _look(runtime: Runtime, visit: Visit) -> str | None:
    """What is wrong with a tool, as a sentence, "" where nothing is, and None where we could not look."""
    try:
        state = runtime.state(visit.deployment)
        if not state.alive and state.status is not Status.UNKNOWN:
            return _without_process(state)
        well, seen = health.ask(visit.port, visit.path)
    except Exception as error:  # noqa: BLE001  (whatever it is, it says nothing about the tool)
        logger.warning("Deployment %s could not be looked at: %s", visit.deployment.pk, type(error).__name__)
        return None
    return "" if well else f"Asked at {visit.path}, it answered with {seen}."


def _without_process(state: RuntimeState) -> str:
    code = "" if state.exit_code is None else f" The last one ended with exit code {state.exit_code}."
    return f"It has no process.{code}"


def _record(visit: Visit, finding: str) -> bool:
    """Write down what was found; whether that changes the deployment's status."""
    before = visit.deployment
    if not finding and before.status == RUNNING and not before.health_failures:
        return False  # as ever: nothing to write
    with transaction.atomic():
        row = _still_ours(visit)
        if row is None:
            return False
        return _found_well(row) if not finding else _found_unwell(row, finding)


def _still_ours(visit: Visit) -> Deployment | None:
    """The row, unless an operation began or ended meanwhile: then the finding is about what was."""
    rows = Deployment.everyone.select_for_update(no_key=True, of=("self",)).select_related("tenant")
    row: Deployment | None = rows.filter(
        pk=visit.deployment.pk, health_checked_at=visit.claimed, operation="", status__in=(RUNNING, UNWELL)
    ).first()
    return row


def _found_well(row: Deployment) -> bool:
    return _save(row, failures=0, status=RUNNING, action=RECOVERED, detail="It answers its health check.")


def _found_unwell(row: Deployment, finding: str) -> bool:
    failures = min(row.health_failures + 1, PATIENCE)
    status = UNWELL if failures == PATIENCE else row.status
    return _save(row, failures=failures, status=status, action=DEGRADED, detail=finding)


def _save(row: Deployment, *, failures: int, status: str, action: str, detail: str) -> bool:
    changed = row.status != status
    row.health_failures, row.status = failures, status
    row.save(update_fields=["health_failures", "status"])
    if changed:
        activity.note(row, action, detail=detail)
        events.deployment_changed(row)
    return changed


def _every() -> timedelta:
    return timedelta(seconds=settings.HEALTH_EVERY)
