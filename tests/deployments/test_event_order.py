"""An app's events are committed in the order of their sequence: a stream goes on from the highest it has told."""

import contextlib
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event as Signal

import pytest
from django.db import connection, transaction

from connections.connect import choose, disconnect, rename
from connections.credentials import mark_needs_reauth
from connections.errors import ConnectError
from connections.intents import Intent
from connections.models import Connection
from deployments import bindings, event_wire, events
from deployments.bindings import BindingRefused
from deployments.events import Kind
from deployments.models import App, Event
from deployments.projects import create_project
from tenants.models import Tenant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PAYLOAD = {"slug": "notion", "connection_id": "c1"}


def in_thread[T](pool: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
    """Run it with a database connection of its own."""

    def run() -> T:
        try:
            return work()
        finally:
            connection.close()

    return pool.submit(run)


def test_a_later_event_waits_for_the_commit_of_an_earlier_one(project: App) -> None:
    written, go_on = Signal(), Signal()

    def first() -> int:
        with transaction.atomic():
            event = events.record(project.tenant, Kind.CHANGED, PAYLOAD, app=project)
            written.set()
            assert go_on.wait(30)
        return event.sequence

    def second() -> int:
        with transaction.atomic():
            return events.record(project.tenant, Kind.CHANGED, PAYLOAD, app=project).sequence

    with ThreadPoolExecutor(2) as pool:
        earlier = in_thread(pool, first)
        assert written.wait(30)
        later = in_thread(pool, second)
        assert not wait([later], timeout=0.5).done
        go_on.set()
        assert earlier.result(30) < later.result(30)


def test_whoever_reads_on_from_the_highest_misses_nothing(project: App) -> None:
    def write(number: int) -> None:
        chance = random.Random(number)  # noqa: S311  (to get in each other's way)
        for _ in range(12):
            with transaction.atomic():
                events.record(project.tenant, Kind.CHANGED, PAYLOAD, app=project)
                time.sleep(chance.random() / 100)

    seen: list[int] = []
    with ThreadPoolExecutor(8) as pool:
        writers = [in_thread(pool, partial(write, number)) for number in range(8)]
        while True:
            over = all(writer.done() for writer in writers)
            seen += [event.sequence for event in event_wire.after({project.pk: seen[-1] if seen else 0})]
            if over:
                break
        for writer in writers:
            writer.result()
    assert seen == list(Event.everyone.filter(app=project).values_list("sequence", flat=True))
    assert len(seen) == 96


def test_all_kinds_of_changes_at_once_do_not_block_each_other_for_ever(
    tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    apps = [create_project(tenant, f"Laptop {n}") for n in range(3)]
    ours = [make_connection(tenant, "notion", account_id=str(n)) for n in range(4)]

    def change(chance: random.Random) -> None:
        app, one = chance.choice(apps), chance.choice(ours)
        match chance.randrange(5):
            case 0:
                bindings.bind(app, one)
            case 1:
                bindings.unbind(app, "notion")
            case 2:
                choose(one, Intent("app", str(app.pk)))
            case 3:
                rename(one, f"Name {chance.random()}")
            case 4:
                mark_needs_reauth(one, "Sign in again.")

    def work(number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        for _ in range(8):
            # One of the connections is disconnected on the way.
            with contextlib.suppress(BindingRefused, ConnectError):
                change(chance)
        if number == 5:
            disconnect(ours[0])

    with ThreadPoolExecutor(8) as pool:
        for done in [in_thread(pool, partial(work, number)) for number in range(8)]:
            done.result(60)
