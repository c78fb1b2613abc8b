"""The mock is a `Vendo`: everything works as with a dashboard, and no byte leaves the process."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import fields
from datetime import UTC, datetime

import pytest

import vendo
from vendo import Connection, Event
from vendo.errors import NeedsReauth, NotConnected, RateLimited, UpstreamError, ValidationError
from vendo.testing import MockClient, fake_connection
from waiting import wait_until


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a test with a mock went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_a_connected_provider_has_a_token() -> None:
    mock = MockClient()
    mock.connect("notion", "n")
    assert mock.token("notion") == "n"
    assert mock.tokens(["notion", "slack"]) == {"notion": "n", "slack": None}
    assert asyncio.run(mock.aio.token("notion")) == "n"


def test_with_it_the_shortcuts_ask_the_mock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    with MockClient() as outer:
        outer.connect("notion", "n")
        with MockClient() as inner:
            inner.connect("notion", "another")
            assert vendo.token("notion") == "another"
        assert [vendo.token("notion"), asyncio.run(vendo.aio.token("notion"))] == ["n", "n"]
        assert vendo.is_vendo_mode()
        assert vendo.Vendo("byok").token("notion") == "mine"
    assert vendo.token("notion") == "mine"


def test_nothing_connected_then_connected_then_ended_then_gone() -> None:
    mock = MockClient()
    with pytest.raises(NotConnected) as caught:
        mock.token("notion")
    assert caught.value.connect_url == mock.connect_url("notion")
    mock.connect("notion", "n")
    assert mock.token("notion") == "n"
    mock.needs_reauth("notion")
    assert mock.connections.get("notion").status == "needs_reauth"
    with pytest.raises(NeedsReauth):
        mock.token("notion")
    mock.disconnect("notion")
    assert mock.connections.get("notion").setup_url
    with pytest.raises(NotConnected):
        mock.token("notion")
    mock.connect("notion", "again")
    assert mock.token("notion") == "again"


@pytest.mark.parametrize(
    "error", [RateLimited("Slowly.", retry_after=7), UpstreamError("Down."), ValidationError("No.", code="not_found")]
)
def test_any_error_can_be_asked_for(error: vendo.errors.VendoError) -> None:
    mock = MockClient()
    mock.connect("notion", "n")
    mock.token("notion")
    mock.refuse("notion", error)
    with pytest.raises(type(error), match=error.message) as caught:
        mock.token("notion")
    assert (caught.value.code, caught.value.retry_after) == (error.code, error.retry_after)
    mock.connect("notion", "n")
    assert mock.token("notion") == "n"


def test_who_listens_hears_what_happens() -> None:
    mock, heard = MockClient(), list[Event]()
    opened = threading.Event()
    with mock.events.subscribe(on_open=opened.set) as subscription:
        thread = threading.Thread(target=lambda: heard.extend(subscription))
        thread.start()
        assert opened.wait(30)
        connection = mock.connect("notion", "n")
        mock.needs_reauth("notion")
        mock.disconnect("notion")
        mock.emit(Event("evt_own", "connection.invented", "notion", at=datetime(2030, 1, 1, tzinfo=UTC)))
        wait_until(lambda: len(heard) == 4)
        subscription.close()
        thread.join()
    kinds = ["connected", "status_changed", "disconnected", "invented"]
    assert [event.kind for event in heard] == [f"connection.{kind}" for kind in kinds]
    assert [event.connection_id for event in heard[:3]] == [connection.id] * 3


def test_the_list_the_catalogue_and_the_actions() -> None:
    mock = MockClient()
    mock.connect("supabase", connection=fake_connection("supabase", context={"ref": "abcd1234"}))
    assert mock.connections.get("supabase").context == {"ref": "abcd1234"}
    assert [one.slug for one in mock.integrations.list()] == ["supabase"]
    assert mock.integrations.get("supabase").name == "Supabase"
    with pytest.raises(ValidationError):
        mock.integrations.get("notion")
    mock.actions["ADD"] = lambda args: args["a"] + 1
    assert mock.data.execute("ADD", {"a": 1}) == 2
    with pytest.raises(ValidationError, match=r"mock\.actions"):
        mock.data.execute("SUBTRACT")
    assert mock.for_user("a.b.c").token("supabase") == "test-token"


def test_a_connection_travels_to_the_list_and_back_whole() -> None:
    mock = MockClient()
    connection = fake_connection("notion", metadata={"a": 1}, credential={"B": "c"}, exclusive=True)
    mock.connect("notion", connection=connection)
    assert mock.connections.list() == [connection]


def test_a_fake_connection_has_every_field() -> None:
    assert [fake_connection("notion", status="error").status, fake_connection().slug] == ["error", "notion"]
    usual = fake_connection()
    empty = {field.name for field in fields(Connection) if getattr(usual, field.name) in (None, "")}
    assert empty == {"credential", "api_key", "base_url", "context", "setup_url", "error_message", "env_bootstrap"}
