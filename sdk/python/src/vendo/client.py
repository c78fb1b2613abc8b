"""The clients: the same words twice, once blocking and once to be awaited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from vendo import _connect, _tokens
from vendo._account import account_of
from vendo._connections import AsyncConnections, Connections
from vendo._data import AsyncData, Data
from vendo._events import AsyncEvents, Events
from vendo._flow import run, run_async
from vendo._headers import header
from vendo._integrations import AsyncIntegrations, Integrations
from vendo._slugs import checked
from vendo._webhooks import Webhooks
from vendo.errors import IdentityNotPresent

if TYPE_CHECKING:
    import httpx2

    from vendo._account import Account


class _Client:
    """What needs no waiting, and is therefore the same in both."""

    def __init__(self, api_key: str | None = None, base_url: str | None = None) -> None:
        """`api_key` and `base_url` beat the environment (`VENDO_API_KEY`; `VENDO_BASE_URL` and its relatives).

        They are read here, once; token variables such as `NOTION_TOKEN` are read at each call. Clients with the same
        key and address share one cache, blocking or async, and may be used from any thread. Raises `ValidationError`
        for a key or an address that can't be one.
        """
        self._account = account_of(api_key, base_url)

    @classmethod
    def _on(cls, account: Account) -> Self:
        """A client of an account that is there already."""
        client = cls.__new__(cls)
        client._account = account
        return client

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

    @property
    def webhooks(self) -> Webhooks:
        """Telling the dashboard's calls from anybody's."""
        return Webhooks()

    def _current(self) -> Account:
        return self._account


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

    def session(self, slug: str) -> httpx2.Client:
        """An HTTP client of the provider's API that sends the token by itself. Close it, or use `with`.

        When the provider refuses the token (401) it gets a fresh one and tries once more, if the body can be sent
        again. It follows no redirect unless told to, and takes the token to no other host. Raises `ImportError`
        without the extra: `pip install 'vendo[http]'`. Each request raises what `token` raises.
        """
        from vendo import _session  # noqa: PLC0415 (an extra)

        return _session.client(self._account, slug)

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

    def for_user(self, user_jwt: str) -> Vendo:
        """This client on behalf of one user: every request carries the user's identity (`X-Vendo-User-JWT`).

        The app key goes on to decide what may be used; the dashboard may say less to a user than to the app, so
        nothing cached for one is given to another. Raises `IdentityNotPresent` for an empty token,
        `VendoOnlyFeature` in OSS mode.
        """
        return Vendo._on(_of_user(self._account, user_jwt))

    def for_request(self, request: object) -> Vendo:
        """`for_user` for whoever sent `request`: it, its headers, or a WSGI environment, with `X-Vendo-User-JWT`.

        Raises `IdentityNotPresent` where that header is missing.
        """
        return Vendo._on(_of_request(self._account, request))

    @property
    def connections(self) -> Connections:
        """What this app is connected to."""
        return Connections(self._current)

    @property
    def integrations(self) -> Integrations:
        """The dashboard's catalogue of providers."""
        return Integrations(self._current)

    @property
    def events(self) -> Events:
        """What happens to the connections."""
        return Events(self._current)

    @property
    def data(self) -> Data:
        """Actions of a broker's toolkits."""
        return Data(self._current)


class AsyncVendo(_Client):
    """`Vendo` for asyncio. What it fetches, `Vendo` finds in the cache, and the other way round."""

    async def token(self, slug: str) -> str:
        """See `Vendo.token`."""
        return await run_async(_tokens.token(self._account, slug))

    async def tokens(self, slugs: Iterable[str]) -> dict[str, str | None]:
        """See `Vendo.tokens`."""
        return await run_async(_tokens.tokens(self._account, slugs))

    def session(self, slug: str) -> httpx2.AsyncClient:
        """See `Vendo.session`; for `async with`. There is nothing to await here."""
        from vendo import _session  # noqa: PLC0415 (an extra)

        return _session.async_client(self._account, slug)

    async def connect_url(self, slug: str, *, return_to: str | None = None, state: str | None = None) -> str:
        """See `Vendo.connect_url`."""
        return await run_async(_connect.connect_url(self._account, slug, return_to=return_to, state=state))

    def for_user(self, user_jwt: str) -> AsyncVendo:
        """See `Vendo.for_user`. There is nothing to await here."""
        return AsyncVendo._on(_of_user(self._account, user_jwt))

    def for_request(self, request: object) -> AsyncVendo:
        """See `Vendo.for_request`. There is nothing to await here."""
        return AsyncVendo._on(_of_request(self._account, request))

    @property
    def connections(self) -> AsyncConnections:
        """What this app is connected to."""
        return AsyncConnections(self._current)

    @property
    def integrations(self) -> AsyncIntegrations:
        """The dashboard's catalogue of providers."""
        return AsyncIntegrations(self._current)

    @property
    def events(self) -> AsyncEvents:
        """What happens to the connections."""
        return AsyncEvents(self._current)

    @property
    def data(self) -> AsyncData:
        """Actions of a broker's toolkits."""
        return AsyncData(self._current)


def _of_user(account: Account, user_jwt: str) -> Account:
    account.needs_dashboard("for_user")
    return account.of_user(user_jwt)


def _of_request(account: Account, request: object) -> Account:
    account.needs_dashboard("for_request")
    user_jwt = header(request, "X-Vendo-User-JWT")
    if not user_jwt:
        raise IdentityNotPresent(
            "The request names no user: it has no X-Vendo-User-JWT header.",
            suggested_fix="Use the client itself where nobody in particular is asking.",
        )
    return account.of_user(user_jwt)
