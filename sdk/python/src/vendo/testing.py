"""Tests of a tool without a dashboard and without a network.

    def test_asks_to_connect() -> None:
        with MockClient() as mock:                    # vendo.token, vendo.aio.token, … now ask the mock
            mock.connect("notion", "ntn_test")
            assert my_tool.databases() == [...]
            mock.disconnect("notion")
            assert "Connect Notion" in my_tool.page()

`MockClient` is a `Vendo` whose dashboard is in memory: the code between your tool and that dashboard is the real one,
cache, retries, errors and all, so the two can't drift apart. `mock.aio` is the same for asyncio.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from vendo import _account
from vendo._account import account_for
from vendo._connections import Connection
from vendo._event import Event
from vendo._memory import BASE_URL, Memory, Refusal
from vendo._settings import Settings
from vendo._slugs import checked
from vendo.client import AsyncVendo, Vendo
from vendo.errors import VendoError

__all__ = ["MockClient", "fake_connection"]

_numbers = itertools.count(1)


def fake_connection(slug: str = "notion", **fields: Any) -> Connection:
    """A connection with every field filled as the dashboard would; `fields` are those that your test is about."""
    number = next(_numbers)
    usual = Connection(
        slug=checked(slug),
        status="connected",
        id=f"00000000-0000-4000-8000-{number:012x}",
        external_id=f"vendo_conn_{number:012x}",
        display_name=slug.replace("-", " ").title(),
        category="Testing",
        profile="user_oauth",
        connected_at=datetime(2030, 1, 1, tzinfo=UTC),
        logo_url=f"{BASE_URL}/static/catalog/{slug}.svg",
        brand_color="#444444",
        docs_url=f"{BASE_URL}/docs/{slug}",
    )
    return dataclasses.replace(usual, **fields)


class MockClient(Vendo):
    """A `Vendo` with a dashboard in memory. With `with`, it also takes the place of the environment's.

    Its own methods say what happens on the dashboard. Each sends the event that the real one would send, and, like a
    tool that listens, forgets the provider's cached token.
    """

    def __init__(self) -> None:
        self._memory = Memory()
        settings = Settings.read(f"vendo_sk_{'mock' * 8}", BASE_URL)
        self._account = account_for(settings, self._memory)
        self._before: _account.Account | None = None

    @property
    def aio(self) -> AsyncVendo:
        """The same dashboard, for asyncio."""
        return AsyncVendo._on(self._account)

    @property
    def actions(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        """What `data.execute` does, by action id: functions of the arguments."""
        return self._memory.actions

    def connect(
        self,
        slug: str,
        token: str = "test-token",  # noqa: S107 (it is for tests)
        *,
        expires_at: datetime | None = None,
        connection: Connection | None = None,
    ) -> Connection:
        """The tenant has connected an account; `connection` is how the list shows it, a `fake_connection` if None."""
        found = connection or fake_connection(slug)
        self._memory.tokens[checked(slug)] = (token, expires_at)
        self._memory.refusals.pop(slug, None)
        self._set(found)
        self._happens("connection.connected", slug)
        return found

    def disconnect(self, slug: str) -> None:
        """The tenant has taken the account away: `token` raises `NotConnected`."""
        gone = self._of(slug)
        self._memory.tokens.pop(slug, None)
        nothing: dict[str, Any] = {
            "id": None,
            "external_id": None,
            "connected_at": None,
            "credential": None,
            "context": None,
        }
        self._happens("connection.disconnected", slug)
        self._set(dataclasses.replace(gone, status="available", setup_url=self._memory.setup_url(slug), **nothing))

    def needs_reauth(self, slug: str) -> None:
        """The provider has ended the connection: `token` raises `NeedsReauth`."""
        self._set(dataclasses.replace(self._of(slug), status="needs_reauth", setup_url=self._memory.setup_url(slug)))
        self._happens("connection.status_changed", slug, status="needs_reauth")

    def refuse(self, slug: str, error: VendoError) -> None:
        """From now on, until it is connected again, the dashboard answers `token(slug)` with this error."""
        status = error.status or self._memory.status_of(error)
        self._memory.refusals[checked(slug)] = Refusal(status, error.code, error.message, error.retry_after)
        self._account.forget(slug)

    def emit(self, event: Event) -> None:
        """Send any event to whoever listens."""
        self._memory.publish(event)

    def __enter__(self) -> Self:
        self._before = _account.stand_in(self._account)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _account.stand_in(self._before)

    def _of(self, slug: str) -> Connection:
        return self._memory.connections.get(checked(slug)) or fake_connection(slug)

    def _set(self, connection: Connection) -> None:
        self._memory.connections[connection.slug] = connection

    def _happens(self, kind: str, slug: str, *, status: str | None = None) -> None:
        self._account.forget(slug)
        self._memory.publish(self._memory.event(kind, slug, status=status))
