"""Takes old events away, a few at a time: those older than a day that no stream can ask for any more.

Old webhooks go along (deliveries.py).
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from deployments import deliveries
from deployments.event_wire import REPLAYED
from deployments.models import App, Event

KEPT = timedelta(days=1)
APPS = 100  # that one step looks through
ROWS = 1000  # that one statement takes away


def steps() -> Iterator[int]:
    """For ever: take some away, and say how many. One step looks through `APPS` apps, or through what was for pages."""
    while True:
        yield _delete(_old().filter(app=None)) + _webhooks()
        apps = list(App.everyone.order_by("pk").values_list("pk", flat=True)[:APPS])
        while apps:
            yield _delete_of(apps)
            apps = list(App.everyone.filter(pk__gt=apps[-1]).order_by("pk").values_list("pk", flat=True)[:APPS])


def _delete_of(apps: list[UUID]) -> int:
    """Behind each app's edge no stream can begin, so nothing there is asked for again."""
    mine = Event.everyone.filter(app=OuterRef("pk")).order_by("-sequence")
    edges = App.everyone.filter(pk__in=apps).annotate(edge=Subquery(mine.values("sequence")[REPLAYED : REPLAYED + 1]))
    found = edges.exclude(edge=None).values_list("pk", "edge")
    return sum(_delete(_old().filter(app=app, sequence__lte=edge)) for app, edge in found)


def _webhooks() -> int:
    """All that is old: in an hour more may come than is forgotten at a time."""
    forgotten = 0
    while some := deliveries.prune():
        forgotten += some
    return forgotten


def _old() -> QuerySet[Event]:
    rows: QuerySet[Event] = Event.everyone.filter(at__lt=timezone.now() - KEPT)
    return rows


def _delete(rows: QuerySet[Event]) -> int:
    """So many at a time, so that no statement holds up others for long."""
    deleted = 0
    while found := list(rows.order_by("sequence").values_list("pk", flat=True)[:ROWS]):
        deleted += Event.everyone.filter(pk__in=found).delete()[0]
    return deleted
