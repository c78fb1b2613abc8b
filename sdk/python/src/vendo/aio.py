"""The shortcuts of `vendo`, to be awaited: `await vendo.aio.token("notion")`.

What waits for nothing is the plain thing here too: `invalidate`, `is_vendo_mode`, `session`, `for_user`,
`for_request`, `events.subscribe` and `webhooks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vendo._account import environments_account
from vendo._connections import AsyncConnections
from vendo._data import AsyncData
from vendo._events import AsyncEvents
from vendo._integrations import AsyncIntegrations
from vendo._webhooks import Webhooks
from vendo.client import AsyncVendo

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "connect_url",
    "connections",
    "data",
    "events",
    "for_request",
    "for_user",
    "integrations",
    "invalidate",
    "is_vendo_mode",
    "session",
    "token",
    "tokens",
    "webhooks",
]

connections = AsyncConnections(environments_account)
integrations = AsyncIntegrations(environments_account)
events = AsyncEvents(environments_account)
data = AsyncData(environments_account)
webhooks = Webhooks()


async def token(slug: str) -> str:
    """See `vendo.Vendo.token`."""
    return await AsyncVendo().token(slug)


async def tokens(slugs: Iterable[str]) -> dict[str, str | None]:
    """See `vendo.Vendo.tokens`."""
    return await AsyncVendo().tokens(slugs)


def session(slug: str) -> httpx2.AsyncClient:
    """See `vendo.AsyncVendo.session`."""
    return AsyncVendo().session(slug)


async def connect_url(slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
    """See `vendo.Vendo.connect_url`."""
    return await AsyncVendo().connect_url(slug, return_to=return_to, state=state)


def invalidate(slug: str | None = None) -> None:
    """See `vendo.Vendo.invalidate`."""
    AsyncVendo().invalidate(slug)


def is_vendo_mode() -> bool:
    """See `vendo.Vendo.is_vendo_mode`."""
    return AsyncVendo().is_vendo_mode()


def for_user(user_jwt: str) -> AsyncVendo:
    """See `vendo.AsyncVendo.for_user`."""
    return AsyncVendo().for_user(user_jwt)


def for_request(request: object) -> AsyncVendo:
    """See `vendo.AsyncVendo.for_request`."""
    return AsyncVendo().for_request(request)
