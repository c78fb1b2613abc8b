"""What a dead worker left is put back into the queue, once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from deployments import health, runtimes, tasks
from deployments.models import Deployment
from deployments.sweep import sweep
from tenants.models import Tenant
from tests.deployments.fakes import FakeRuntime, deployed, release_of

pytestmark = pytest.mark.postgres


@pytest.fixture
def deployment(tenant: Tenant, tmp_path: Path, settings: Any) -> Deployment:
    """One that nobody works on, and whose enqueueing never happened."""
    settings.DATA_DIR = tmp_path / "data"
    deployment = deployed(tenant, release_of(tmp_path / "clock"))
    change(updated_at=timezone.now() - timedelta(seconds=10))
    return deployment


def change(**fields: Any) -> None:
    Deployment.everyone.update(**fields)


def test_what_nobody_works_on_is_enqueued_once(deployment: Deployment) -> None:
    assert sweep() == [deployment.pk]
    assert sweep() == [], "a task is waiting"
    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(deployment.pk)]


def test_what_a_living_worker_holds_is_left(deployment: Deployment) -> None:
    change(lease="x", lease_until=timezone.now() + timedelta(seconds=5))
    assert sweep() == []


def test_what_a_dead_worker_held_is_enqueued_and_its_task_closed(deployment: Deployment) -> None:
    tasks.enqueue_deploy(deployment.pk)
    DBTaskResult.objects.update(status="RUNNING")
    change(lease="x", lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep() == [deployment.pk]
    assert sorted(DBTaskResult.objects.values_list("status", flat=True)) == ["FAILED", "READY"]


@pytest.mark.parametrize("rest", [{"status": "failed"}, {"status": "destroyed"}, {"operation": ""}])
def test_what_is_at_rest_is_left(deployment: Deployment, rest: dict[str, str]) -> None:
    change(**rest)
    assert sweep() == []


def test_a_launch_has_time_to_enqueue_itself(deployment: Deployment) -> None:
    change(updated_at=timezone.now())
    assert sweep() == []


@pytest.mark.django_db(transaction=True)  # a worker closes its connection between tasks
def test_the_worker_runs_what_is_in_the_queue(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "current", FakeRuntime)
    monkeypatch.setattr(health, "ask", lambda port, path: (True, "status 200"))
    call_command("worker", batch=True, verbosity=0)
    deployment.refresh_from_db()
    assert deployment.status == Deployment.Status.RUNNING
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"
