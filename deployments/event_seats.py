"""Five event streams for each app at once, counted across processes (contract section 5).

Seats are rows, taken by compare-and-set and held for `LENGTH`; each process prolongs all of its own with one statement.
Those of a process that was killed run out.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from deployments.models import EventSeat

SEATS = 5
LENGTH = timedelta(seconds=20)  # contract: free within 30 s; a busy process must not lose its own


def take(app_id: UUID, holder: str) -> int | None:
    """The seat that `holder` has from now on; None when all are taken."""
    rows = EventSeat.objects.filter(app_id=app_id)
    known = dict(rows.values_list("pk", "until"))
    if len(known) < SEATS:
        EventSeat.objects.bulk_create(
            [EventSeat(app_id=app_id, number=number) for number in range(1, SEATS + 1)], ignore_conflicts=True
        )
        known = dict(rows.values_list("pk", "until"))
    now = timezone.now()
    for seat in (pk for pk, until in known.items() if until <= now):
        # Compare-and-set: true for exactly one of those who try at the same moment.
        if rows.filter(pk=seat, until__lte=now).update(holder=holder, until=now + LENGTH):
            return seat
    return None


def prolong(holder: str, seats: Collection[int]) -> None:
    """Hold these longer, as far as nobody has got them since they ran out."""
    EventSeat.objects.filter(pk__in=seats, holder=holder).update(until=timezone.now() + LENGTH)


def free(holder: str, seats: Collection[int]) -> None:
    """Give these back."""
    EventSeat.objects.filter(pk__in=seats, holder=holder).update(holder="", until=timezone.now())
