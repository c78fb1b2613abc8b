"""The clients: the same words twice, once blocking and once to be awaited."""

from __future__ import annotations

from collections.abc import Iterable

from vendo import _connect, _tokens
from vendo._account import account_for
from vendo._flow import run, run_async
from vendo._settings import Settings
from vendo._slugs import checked


class _Client:
    """What needs no waiting, and is therefore the same in both."""

    def __init__(self, api_key: str | None = None, base_url: str | None = None) -> None:
        """`api_key` and `base_url` beat the environment (`VENDO_API_KEY`; `VENDO_BASE_URL` and its relatives).

        They are read here, once; token variables such as `NOTION_TOKEN` are read at each call. Clients with the same
        key and address share one cache, blocking or async, and may be used from any thread. Raises `ValidationError`
        for a key or an address that can't be one.
        """
        self._account = account_for(Settings.read(api_key, base_url))

    def __repr__(self) -> str:
        settings = self._account.settings
        where = f"at {settings.base_url or settings.credentials_url}" if self.is_vendo_mode() else "in OSS mode"
        return f"<{type(self).__name__} {where}>"

    def is_vendo_mode(self) -> bool:
        """Whether tokens come from a dashboard (there is an app key) or from the tool's own environment."""
        return self._account.settings.api_key is not None

    def invalidate(self, slug: str | None = None) -> None:
        """Forget the cached token of `slug`, or all of them: the next `token` asks the server.

        For when a provider refuses a token before its time. Answers still under way are not kept either.
        """
        self._account.cache.forget(None if slug is None else checked(slug))


class Vendo(_Client):
    """Tokens of the tenant's connections, for one app. `AsyncVendo` is the same to be awaited."""

    def token(self, slug: str) -> str:
        """An access token of `slug` that works now: from `VENDO_TOKEN_<SLUG>`, the dashboard, or `<SLUG>_TOKEN`.

        The dashboard's are cached until a minute before they expire. Raises `NotConnected` or `NeedsReauth` (both
        with a `connect_url` for the tenant), or any other `VendoError`. Failures that may pass are repeated up to
        three times before they are raised, within one minute in all; a rate limit is raised at once.
        """
        return run(_tokens.token(self._account, slug))

    def tokens(self, slugs: Iterable[str]) -> dict[str, str | None]:
        """Tokens of several providers with at most one request; None for each one that has no token to give.

        `token(slug)` tells why. Raises `AuthError` for a bad key, and what else `token` raises for a failing server.
        """
        return run(_tokens.tokens(self._account, slugs))

    def connect_url(self, slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
        """Where the tenant connects `slug` for this app, or picks another account. Open it in a popup.

        The URL names the app by its id and never holds the key, so a page may show it to anybody. The id comes from
        the server: from any earlier error with a `connect_url`, else from one extra request, after which it is known
        for good. Raises what that request raises (`AuthError`, `UpstreamError`, `ValidationError` for an unknown
        provider), and `VendoOnlyFeature` in OSS mode.

        `return_to` is where the browser goes afterwards if no popup could be opened (an origin that the app allows);
        `state` comes back with the result, unchanged.
        """
        return run(_connect.connect_url(self._account, slug, return_to=return_to, state=state))


class AsyncVendo(_Client):
    """`Vendo` for asyncio. What it fetches, `Vendo` finds in the cache, and the other way round."""

    async def token(self, slug: str) -> str:
        """See `Vendo.token`."""
        return await run_async(_tokens.token(self._account, slug))

    async def tokens(self, slugs: Iterable[str]) -> dict[str, str | None]:
        """See `Vendo.tokens`."""
        return await run_async(_tokens.tokens(self._account, slugs))

    async def connect_url(self, slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
        """See `Vendo.connect_url`."""
        return await run_async(_connect.connect_url(self._account, slug, return_to=return_to, state=state))
