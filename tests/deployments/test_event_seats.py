"""Five streams for each app, counted across processes."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from deployments import event_seats
from deployments.models import App, EventSeat
from deployments.projects import create_project

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
class TestSeats:
    def test_five_and_no_sixth_whoever_asks(self, project: App) -> None:
        taken = [event_seats.take(project.pk, holder) for holder in ("a", "b", "a", "b", "a")]
        assert None not in taken
        assert len(set(taken)) == 5
        assert event_seats.take(project.pk, "c") is None

    def test_each_app_has_its_own(self, project: App) -> None:
        other = create_project(project.tenant, "Another")
        for _ in range(5):
            event_seats.take(project.pk, "a")
        assert event_seats.take(other.pk, "a") is not None

    def test_a_seat_that_was_given_back_is_free(self, project: App) -> None:
        seats = [event_seats.take(project.pk, "a") for _ in range(5)]
        event_seats.free("a", {seats[2] or 0})
        assert event_seats.take(project.pk, "b") == seats[2]

    def test_nobody_gives_back_or_prolongs_anothers(self, project: App) -> None:
        seats = {event_seats.take(project.pk, "a") or 0 for _ in range(5)}
        event_seats.free("b", seats)
        assert event_seats.take(project.pk, "b") is None
        EventSeat.objects.update(until=timezone.now() - timedelta(seconds=1))
        event_seats.prolong("b", seats)
        assert event_seats.take(project.pk, "c") is not None

    def test_seats_of_a_dead_process_run_out_within_half_a_minute(
        self, project: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(5):
            event_seats.take(project.pk, "dead")
        now = timezone.now()
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=15))
        assert event_seats.take(project.pk, "b") is None
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=29))
        assert event_seats.take(project.pk, "b") is not None

    def test_who_was_asleep_does_not_get_back_what_another_has(self, project: App) -> None:
        seat = event_seats.take(project.pk, "a") or 0
        EventSeat.objects.update(until=timezone.now() - timedelta(seconds=1))
        assert event_seats.take(project.pk, "b") == seat
        event_seats.prolong("a", [seat])
        event_seats.free("a", [seat])
        assert EventSeat.objects.get(pk=seat).holder == "b"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_five(project: App) -> None:
    def take(number: int) -> int | None:
        try:
            return event_seats.take(project.pk, f"process-{number % 2}")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        taken = [seat for seat in pool.map(take, range(20), timeout=60) if seat is not None]
    assert len(taken) == len(set(taken)) == 5


TAKE = """
import django
django.setup()
from deployments import event_seats
print(*[event_seats.take("{app}", "another process") is not None for _ in range({times})])
"""


def in_another_process(app_id: UUID, times: int) -> list[str]:
    """Take seats there; `True` for each one got."""
    database = connection.settings_dict
    url = (
        f"sqlite:///{database['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "vendo_site.settings"}
    command = [sys.executable, "-c", TAKE.format(app=app_id, times=times)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_another_process_counts_too(project: App) -> None:
    seats = [event_seats.take(project.pk, "here") for _ in range(3)]
    connection.close()
    assert in_another_process(project.pk, 3) == ["True", "True", "False"]
    assert event_seats.take(project.pk, "here") is None
    event_seats.free("here", [seats[0] or 0])
    assert event_seats.take(project.pk, "here") is not None
