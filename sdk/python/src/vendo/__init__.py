"""Fresh tokens of your tenant's connections.

    import vendo
    vendo.token("notion")

On a Vendo dashboard the token comes from the tenant's connection; anywhere else from `NOTION_TOKEN`. What is here
reads the environment at each call and shares one cache; make a `Vendo` of your own to pass a key or an address.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vendo import aio, deployment, errors, reconciler
from vendo._account import environments_account
from vendo._bootstrap import EnvBootstrap, EnvVar
from vendo._connections import Connection, Connections
from vendo._data import Data
from vendo._event import Event
from vendo._events import Events
from vendo._integrations import Integration, Integrations
from vendo._version import __version__
from vendo._webhooks import WebhookEvent, Webhooks
from vendo.client import AsyncVendo, Vendo

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "AsyncVendo",
    "Connection",
    "EnvBootstrap",
    "EnvVar",
    "Event",
    "Integration",
    "Vendo",
    "WebhookEvent",
    "__version__",
    "aio",
    "connect_url",
    "connections",
    "data",
    "deployment",
    "errors",
    "events",
    "for_request",
    "for_user",
    "integrations",
    "invalidate",
    "is_vendo_mode",
    "reconciler",
    "session",
    "token",
    "tokens",
    "webhooks",
]

connections = Connections(environments_account)
integrations = Integrations(environments_account)
events = Events(environments_account)
data = Data(environments_account)
webhooks = Webhooks()


def token(slug: str) -> str:
    """See `Vendo.token`."""
    return Vendo().token(slug)


def tokens(slugs: Iterable[str]) -> dict[str, str | None]:
    """See `Vendo.tokens`."""
    return Vendo().tokens(slugs)


def session(slug: str) -> httpx2.Client:
    """See `Vendo.session`."""
    return Vendo().session(slug)


def connect_url(slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
    """See `Vendo.connect_url`."""
    return Vendo().connect_url(slug, return_to=return_to, state=state)


def invalidate(slug: str | None = None) -> None:
    """See `Vendo.invalidate`."""
    Vendo().invalidate(slug)


def is_vendo_mode() -> bool:
    """See `Vendo.is_vendo_mode`."""
    return Vendo().is_vendo_mode()


def for_user(user_jwt: str) -> Vendo:
    """See `Vendo.for_user`."""
    return Vendo().for_user(user_jwt)


def for_request(request: object) -> Vendo:
    """See `Vendo.for_request`."""
    return Vendo().for_request(request)
