"""How each integration does: what is connected, and what the last day brought. Three queries for all of them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from connections.models import ConnectAttempt, Connection, Refresh

DAY = timedelta(days=1)
# The person's own doing: they said no, or pasted something that is none.
DECLINED = {"access_denied", "key_invalid"}
NO_FAILURES = {"", "connected", *DECLINED}


@dataclass(slots=True)
class Health:
    """Counts of one integration; all but the first two are of the last day."""

    working: int = 0
    ill: int = 0
    connects: int = 0
    failures: int = 0
    declined: int = 0
    refreshes: int = 0
    failed_refreshes: int = 0

    @property
    def connections(self) -> str:
        """What is connected, in words."""
        return f"{self.working} working" + (f", {self.ill} not" if self.ill else "") if self.working + self.ill else "-"

    @property
    def last_connects(self) -> str:
        """How connecting went, in words."""
        counts = (self.connects, "connected"), (self.failures, "failed"), (self.declined, "declined")
        return ", ".join(f"{count} {words}" for count, words in counts if count) or "-"

    @property
    def last_refreshes(self) -> str:
        """How refreshing went, in words."""
        counts = (self.refreshes, "refreshed"), (self.failed_refreshes, "failed")
        return ", ".join(f"{count} {words}" for count, words in counts if count) or "-"


def of_all() -> dict[str, Health]:
    """slug → its health; those of which there is nothing to tell have none set."""
    found: dict[str, Health] = defaultdict(Health)
    live = Connection.everyone.filter(status__in=Connection.LIVE)
    for slug, status, count in live.values_list("integration", "status").annotate(Count("pk")).order_by():
        if status == Connection.Status.ACTIVE:
            found[slug].working += count
        else:
            found[slug].ill += count
    since = timezone.now() - DAY
    attempts = ConnectAttempt.everyone.filter(created_at__gt=since).exclude(outcome="")
    for slug, outcome, count in attempts.values_list("integration", "outcome").annotate(Count("pk")).order_by():
        _add_attempts(found[slug], outcome, count)
    refreshes = Refresh.objects.filter(at__gt=since).values_list("connection__integration", "outcome")
    for slug, outcome, count in refreshes.annotate(Count("pk")).order_by():
        if outcome == Refresh.DONE:
            found[slug].refreshes += count
        else:
            found[slug].failed_refreshes += count
    return found


def _add_attempts(health: Health, outcome: str, count: int) -> None:
    if outcome == "connected":
        health.connects += count
    elif outcome in DECLINED:
        health.declined += count
    else:
        health.failures += count
