"""Old events go, and what a stream may still ask for stays."""

from datetime import timedelta
from itertools import islice

import pytest
from django.utils import timezone

from deployments import pruning
from deployments.models import App, Event
from deployments.projects import create_project
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def written(tenant: Tenant, app: App | None, count: int, *, days: float) -> list[int]:
    """Events of that age; their sequences."""
    at = timezone.now() - timedelta(days=days)
    rows = [Event(tenant=tenant, app=app, kind="connection.changed", at=at) for _ in range(count)]
    return [row.pk for row in Event.everyone.bulk_create(rows)]


def prune(steps: int = 10) -> int:
    return sum(islice(pruning.steps(), steps))


def left(app: App | None) -> list[int]:
    return list(Event.everyone.filter(app=app).values_list("sequence", flat=True))


def test_the_last_hundred_of_an_app_stay_however_old(project: App) -> None:
    old = written(project.tenant, project, 103, days=400)
    assert prune() == 3
    assert left(project) == old[3:]


def test_so_does_whatever_is_of_today(project: App) -> None:
    old, new = (written(project.tenant, project, count, days=days) for count, days in ((20, 2), (150, 0.9)))
    assert prune() == len(old)
    assert left(project) == new


def test_what_was_for_pages_goes_after_a_day(tenant: Tenant) -> None:
    written(tenant, None, 5, days=1.1)
    new = written(tenant, None, 2, days=0.5)
    prune()
    assert left(None) == new


def test_every_app_has_its_turn(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "APPS", 2)
    monkeypatch.setattr(pruning, "ROWS", 2)
    apps = [create_project(tenant, f"Laptop {n}") for n in range(5)]
    for app in apps:
        written(tenant, app, 105, days=2)
    assert prune(4) == 25
    assert {len(left(app)) for app in apps} == {100}
