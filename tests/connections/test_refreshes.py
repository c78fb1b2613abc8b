"""Each time that a provider is asked for a new token is noted as it went, and forgotten after a day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from connections import refreshes, watch
from connections.credentials import fresh_token
from connections.errors import CredentialError
from connections.models import Connection, Refresh
from tenants.models import Tenant
from tests.simulator import Simulator


@pytest.fixture
def ended(tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]) -> Connection:
    """A connection whose token must be renewed."""
    past = timezone.now() - timedelta(minutes=1)
    return make_connection(tenant, "googledrive", token="old", refresh_token="refresh-0", expires_at=past)


def outcomes() -> list[str]:
    return list(Refresh.objects.values_list("outcome", flat=True))


def test_a_refresh_is_noted(ended: Connection) -> None:
    fresh_token(ended)
    fresh_token(ended)
    assert outcomes() == ["refreshed"]


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (400, {"error": "invalid_grant"}, "connection_needs_reauth"),
        (503, {}, "upstream_error"),
        (429, {}, "upstream_rate_limited"),
    ],
)
def test_one_that_failed_is_noted_by_its_code(
    ended: Connection, provider: Simulator, status: int, answer: dict[str, str], outcome: str
) -> None:
    provider.tokens, provider.token_status = [answer], status
    with pytest.raises(CredentialError):
        fresh_token(ended)
    assert outcomes() == [outcome]


def test_a_refresh_that_can_not_be_noted_costs_nobody_a_token(
    ended: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**fields: Any) -> None:
        raise DatabaseError("locked")

    monkeypatch.setattr(Refresh.objects, "create", busy)
    assert fresh_token(ended).access_token == "access-1"
    assert Connection.everyone.get().refresh_lease == ""


def test_they_are_forgotten_after_a_day(ended: Connection) -> None:
    for hours in (23, 25):
        refreshes.note(ended, Refresh.DONE)
        Refresh.objects.filter(pk=Refresh.objects.latest("pk").pk).update(at=timezone.now() - timedelta(hours=hours))
    watch.look()
    assert Refresh.objects.get().at > timezone.now() - timedelta(hours=24)
