"""Many tokens at once, some of them slow."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connections as databases
from django.utils import timezone

from connections import credentials
from connections.errors import ProviderError
from connections.models import Connection, Integration
from deployments import bindings, keys, vending
from deployments.models import ApiKey, App
from deployments.projects import create_project
from tenants.models import Tenant
from tests.simulator import Simulator, simulated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
type MakeConnection = Callable[..., Connection]


@pytest.fixture
def project(tenant: Tenant) -> App:
    return create_project(tenant, "Laptop")


@pytest.fixture
def key(project: App, make_connection: MakeConnection) -> ApiKey:
    """A key whose app uses Notion (does not expire) and Google Drive (is due)."""
    due = timezone.now() + timedelta(seconds=5)
    issued = timezone.now() - timedelta(hours=1)
    drive = make_connection(
        project.tenant, "googledrive", refresh_token="refresh-0", expires_at=due, refreshed_at=issued
    )
    for connection in (make_connection(project.tenant, "notion"), drive):
        bindings.bind(project, connection)
    return keys.recognise(keys.mint(project, "tests")[1])


@pytest.fixture
def provider(googledrive: Integration) -> Iterator[Simulator]:
    with simulated() as simulator:
        simulator.play("googledrive")
        simulator.tokens = [{"access_token": "renewed", "expires_in": 3600}]
        yield simulator


def test_what_is_due_is_renewed(key: ApiKey, provider: Simulator) -> None:
    found = vending.tokens(key, ["googledrive", "notion"])
    assert [token and token.access_token for token in found.values()] == ["renewed", "secret-notion-token"]


def test_a_slow_provider_is_not_waited_for_beyond_the_deadline(
    key: ApiKey, provider: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vending, "DEADLINE", 1.0)
    provider.delay = 4.0
    found = vending.tokens(key, ["googledrive", "notion"])
    assert found["googledrive"] is None
    assert found["notion"]
    # The refresh goes on by itself, and the next one finds its outcome.
    under_way = [thread for thread in threading.enumerate() if thread.name.startswith("bulk-tokens")]
    assert under_way
    for thread in under_way:
        thread.join()
    assert vending.token(key, "googledrive").access_token == "renewed"
    assert len(provider.asked_of("/token")) == 1


def test_slow_ones_are_asked_side_by_side(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both must be inside `fresh_token` at the same moment for either to come out."""
    together = threading.Barrier(2, timeout=10)
    issue = credentials.fresh_token

    def slow(connection: Connection) -> credentials.Token:
        together.wait()
        return credentials.Token("late", None) if connection.expires_at else issue(connection)

    monkeypatch.setattr(vending, "fresh_token", slow)
    monkeypatch.setattr(vending, "_may_be_slow", lambda _: True)
    found = vending.tokens(key, ["googledrive", "notion"])
    assert [token and token.access_token for token in found.values()] == ["late", "secret-notion-token"]


def test_a_failing_provider_fails_for_itself(key: ApiKey, provider: Simulator) -> None:
    Connection.everyone.update(expires_at=None)
    Connection.everyone.filter(integration="googledrive").update(expires_at=timezone.now() - timedelta(seconds=1))
    provider.token_status = 503
    found = vending.tokens(key, ["googledrive", "notion"])
    assert found["googledrive"] is None
    assert found["notion"]


def test_no_database_connection_is_left_open(key: ApiKey, provider: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    close = databases.close_all

    def note() -> None:
        closed.append(threading.current_thread().name)
        close()

    monkeypatch.setattr(databases, "close_all", note)
    vending.tokens(key, ["googledrive"])
    assert [name.startswith("bulk-tokens") for name in closed] == [True]


def test_a_crash_in_one_thread_is_that_ones(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(connection: Connection) -> credentials.Token:
        if connection.integration_id == "notion":
            raise ZeroDivisionError
        raise ProviderError("down")

    monkeypatch.setattr(vending, "fresh_token", crash)
    monkeypatch.setattr(vending, "_may_be_slow", lambda _: True)
    assert vending.tokens(key, ["googledrive", "notion"]) == {"googledrive": None, "notion": None}
