"""Fresh tokens of your tenant's connections.

    import vendo
    vendo.token("notion")

On a Vendo dashboard the token comes from the tenant's connection; anywhere else from `NOTION_TOKEN`. The functions
here read the environment at each call and share one cache; make a `Vendo` of your own to pass a key or an address.
"""

from __future__ import annotations

from collections.abc import Iterable

from vendo import aio, errors
from vendo._version import __version__
from vendo.client import AsyncVendo, Vendo

__all__ = [
    "AsyncVendo",
    "Vendo",
    "__version__",
    "aio",
    "connect_url",
    "errors",
    "invalidate",
    "is_vendo_mode",
    "token",
    "tokens",
]


def token(slug: str) -> str:
    """See `Vendo.token`."""
    return Vendo().token(slug)


def tokens(slugs: Iterable[str]) -> dict[str, str | None]:
    """See `Vendo.tokens`."""
    return Vendo().tokens(slugs)


def connect_url(slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
    """See `Vendo.connect_url`."""
    return Vendo().connect_url(slug, return_to=return_to, state=state)


def invalidate(slug: str | None = None) -> None:
    """See `Vendo.invalidate`."""
    Vendo().invalidate(slug)


def is_vendo_mode() -> bool:
    """See `Vendo.is_vendo_mode`."""
    return Vendo().is_vendo_mode()
