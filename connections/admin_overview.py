"""What the admin's first page says before its lists: what waits for an operator, and where it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from connections import admin_health, admin_setup
from connections.models import Connection, Integration, IntegrationRequest
from tenants.models import User


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at: how many, of what, and the page with them."""

    count: int
    words: str
    url: str


def waiting(user: User) -> list[Item]:
    """What there is to do, of what this operator may see; nothing of which there is none."""
    kinds = (("integrationrequest", _requests), ("connection", _connections), ("integration", _integrations))
    seen = [items() for model, items in kinds if user.has_perm(f"connections.view_{model}")]
    return [item for items in seen for item in items if item.count]


def _requests() -> Iterator[Item]:
    count = IntegrationRequest.everyone.filter(status=IntegrationRequest.Status.OPEN).count()
    yield Item(count, "Requests for a provider without an answer", _page("integrationrequest", status__exact="open"))


def _connections() -> Iterator[Item]:
    ill = Connection.LIVE - {Connection.Status.ACTIVE}
    count = Connection.everyone.filter(status__in=ill).count()
    yield Item(count, "Connections that do not work", _page("connection", status__in=",".join(sorted(ill))))


def _integrations() -> Iterator[Item]:
    found = admin_health.of_all().values()
    failures, refreshes = (sum(h.failures for h in found), sum(h.failed_refreshes for h in found))
    yield Item(failures, "Attempts to connect that failed in the last day", _page("connectattempt", outcome="failed"))
    yield Item(refreshes, "Refreshes that failed in the last day", _page("refresh"))
    closed = [row for row in Integration.objects.filter(enabled=True) if not admin_setup.ready(row)]
    yield Item(len(closed), "Providers that nobody can connect yet", _page("integration", enabled__exact="1"))


def _page(model: str, **query: str) -> str:
    address = reverse(f"admin:connections_{model}_changelist")
    return f"{address}?{urlencode(query)}" if query else address
