"""Connections that nobody asks about: renewed before they die of disuse, and found out when they no longer work."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections import catalog, vault, watch
from connections.catalog import OAuth2
from connections.credentials import fresh_token
from connections.models import Connection
from deployments.bindings import bind
from deployments.projects import create_project
from tenants.models import Tenant
from tests.simulator import Simulator

type MakeConnection = Callable[..., Connection]


@pytest.fixture
def drive(
    tenant: Tenant, provider: Simulator, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch
) -> Connection:
    """A Google Drive connection with a good token, whose provider forgets what is not used for sixty days."""
    _sheet(monkeypatch, "googledrive", idle_days=60)
    now = timezone.now()
    made = make_connection(tenant, "googledrive", token="old", refresh_token="refresh-0", expires_at=now + timedelta(1))
    _last_used(made, timedelta(days=41))
    return made


def _sheet(monkeypatch: pytest.MonkeyPatch, slug: str, **fields: Any) -> None:
    known = catalog.get(slug)
    auth = tuple(replace(way, **fields) if isinstance(way, OAuth2) else way for way in known.auth)
    more = {**catalog.all_providers(), slug: replace(known, auth=auth)}
    monkeypatch.setattr(catalog, "all_providers", lambda: more)


def _last_used(connection: Connection, ago: timedelta) -> None:
    then = timezone.now() - ago
    Connection.everyone.filter(pk=connection.pk).update(refreshed_at=then, connected_at=then, watched_at=None)
    connection.refresh_from_db()


def test_what_would_die_of_disuse_is_renewed_in_time(drive: Connection, provider: Simulator) -> None:
    assert watch.look() == []
    assert len(provider.asked_of("/token")) == 1
    assert vault.reveal(Connection.everyone.get(), "credential") == "access-1"
    Connection.everyone.update(watched_at=timezone.now() - timedelta(days=2))
    watch.look()
    assert len(provider.asked_of("/token")) == 1


def test_what_was_used_lately_is_left_alone(drive: Connection, provider: Simulator) -> None:
    _last_used(drive, timedelta(days=39))
    watch.look()
    assert provider.asked_of("/token") == []


def test_each_is_tried_once_a_day(drive: Connection, provider: Simulator) -> None:
    _last_used(drive, timedelta(days=2))
    for _ in range(3):
        watch.look()
    assert len(provider.asked_of("/drive/v3/about")) == 1
    Connection.everyone.update(watched_at=timezone.now() - timedelta(hours=25))
    watch.look()
    assert len(provider.asked_of("/drive/v3/about")) == 2


def test_a_new_one_is_not_tried_at_once(tenant: Tenant, provider: Simulator, make_connection: MakeConnection) -> None:
    make_connection(tenant, "notion")
    watch.look()
    assert provider.asked == []


def test_one_that_needs_its_person_is_found_before_a_tool_is(
    drive: Connection, provider: Simulator, tenant: Tenant
) -> None:
    project = create_project(tenant, "Laptop")
    bind(project, drive)
    provider.tokens, provider.token_status = [{"error": "invalid_grant"}], 400
    assert watch.look() == [drive.pk]
    assert Connection.everyone.get().status == "needs_reauth"
    kinds = [(event.kind, event.payload.get("status")) for event in project.events.all()]
    assert kinds[-1] == ("connection.status_changed", "needs_reauth")
    assert watch.look() == []


def test_a_token_that_was_taken_back_is_found_too(
    tenant: Tenant, provider: Simulator, make_connection: MakeConnection
) -> None:
    made = make_connection(tenant, "notion")
    _last_used(made, timedelta(days=2))
    provider.api_status = 401
    assert watch.look() == [made.pk]


def test_a_provider_in_trouble_condemns_nobody_and_is_asked_again_in_an_hour(
    drive: Connection, provider: Simulator
) -> None:
    provider.token_status = 503
    assert watch.look() == []
    assert Connection.everyone.get().status == "active"
    watch.look()
    assert len(provider.asked_of("/token")) == 1
    Connection.everyone.update(watched_at=timezone.now() - timedelta(hours=25))
    provider.token_status = 200
    watch.look()
    assert vault.reveal(Connection.everyone.get(), "credential") == "access-1"


def test_one_that_does_not_open_keeps_nobody_from_the_others(
    drive: Connection, tenant: Tenant, provider: Simulator, make_connection: MakeConnection
) -> None:
    broken = make_connection(tenant, "notion")
    Connection.everyone.filter(pk=broken.pk).update(credential="v1.other.AAAA")
    _last_used(broken, timedelta(days=50))
    assert watch.look() == []
    assert len(provider.asked_of("/token")) == 1


def test_of_two_workers_one_asks(drive: Connection, provider: Simulator) -> None:
    first, second = list(watch._due()), list(watch._due())
    assert ([row.pk for row in first], second) == ([drive.pk], [])


@pytest.mark.parametrize("fields", [{"status": "revoked"}, {"status": "needs_reauth"}])
def test_there_is_nothing_to_see_of_those_that_ended(
    fields: dict[str, str], drive: Connection, provider: Simulator
) -> None:
    Connection.everyone.update(**fields)
    watch.look()
    assert provider.asked == []


def test_a_token_with_much_left_is_not_asked_for_by_everybody_while_its_provider_fails(
    drive: Connection, provider: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sheet(monkeypatch, "googledrive", refresh_margin=3600)
    Connection.everyone.update(expires_at=timezone.now() + timedelta(minutes=30))
    provider.token_status = 503
    for _ in range(3):
        assert fresh_token(Connection.everyone.get()).access_token == "old"
    assert len(provider.asked_of("/token")) == 1
    provider.token_status = 200
    Connection.everyone.update(refresh_failure={})
    assert fresh_token(Connection.everyone.get()).access_token == "access-1"
