"""The shortcuts of `vendo`, to be awaited: `await vendo.aio.token("notion")`.

`invalidate` and `is_vendo_mode` wait for nothing and are plain functions here too.
"""

from __future__ import annotations

from collections.abc import Iterable

from vendo.client import AsyncVendo

__all__ = ["connect_url", "invalidate", "is_vendo_mode", "token", "tokens"]


async def token(slug: str) -> str:
    """See `vendo.Vendo.token`."""
    return await AsyncVendo().token(slug)


async def tokens(slugs: Iterable[str]) -> dict[str, str | None]:
    """See `vendo.Vendo.tokens`."""
    return await AsyncVendo().tokens(slugs)


async def connect_url(slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
    """See `vendo.Vendo.connect_url`."""
    return await AsyncVendo().connect_url(slug, return_to=return_to, state=state)


def invalidate(slug: str | None = None) -> None:
    """See `vendo.Vendo.invalidate`."""
    AsyncVendo().invalidate(slug)


def is_vendo_mode() -> bool:
    """See `vendo.Vendo.is_vendo_mode`."""
    return AsyncVendo().is_vendo_mode()
