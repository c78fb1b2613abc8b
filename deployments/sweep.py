"""Finds deployments whose worker died, and puts them back into the queue."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.tasks import task_backends
from django.tasks.base import TaskResultStatus
from django.utils import timezone
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from deployments import lease, rebind, tasks

# A launch commits first and enqueues then; give it the time for that.
GRACE = timedelta(seconds=5)


def sweep() -> list[UUID]:
    """Enqueue every deployment that should go on and that nobody works on; returns their ids.

    Before that, tools are restarted that should have done so by themselves (`restart_on`).
    """
    rebind.restart_overdue()
    orphans = lease.free().filter(updated_at__lt=timezone.now() - GRACE).values_list("pk", flat=True)
    taken_up = [pk for pk in orphans if not _waiting(pk)]
    for pk in taken_up:
        _close_abandoned(pk)
        tasks.enqueue_deploy(pk)
    return taken_up


def _waiting(deployment_id: UUID) -> bool:
    """Whether a task for it is in the queue already."""
    # With another kind of queue we can't know, and enqueue once more: the lease lets one run.
    is_ours = isinstance(task_backends[tasks.deploy.backend], DatabaseBackend)
    return is_ours and _tasks(deployment_id, TaskResultStatus.READY).exists()


def _close_abandoned(deployment_id: UUID) -> None:
    """The dead worker's tasks would stay "running" in the admin for ever."""
    _tasks(deployment_id, TaskResultStatus.RUNNING).update(
        status=TaskResultStatus.FAILED, finished_at=timezone.now(), exception_class_path="deployments.lease.LeaseLost"
    )


def _tasks(deployment_id: UUID, status: str) -> QuerySet[Any]:
    rows: QuerySet[Any] = DBTaskResult.objects.filter(
        task_path=tasks.deploy.module_path, status=status, args_kwargs__args=[str(deployment_id)]
    )
    return rows
