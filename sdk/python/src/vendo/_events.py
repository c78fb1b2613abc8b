"""Events of an app's connections (contract section 5)."""

from __future__ import annotations

from vendo._account import AccountSource
from vendo._watch import AsyncSubscription, Opened, Subscription


class Events:
    """`vendo.events`, and `events` of a `Vendo`."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    def subscribe(self, *, max_backoff_sec: float = 30.0, on_open: Opened | None = None) -> Subscription:
        """Iterate it: events as they come, for as long as the tool runs. `close` it from any thread, or use `with`.

        A broken stream is opened again, after a second at first and `max_backoff_sec` at last, and goes on where it
        broke off. Each event has forgotten the provider's cached token by the time you see it. `on_open` is called
        each time the stream stands: read there what may have changed while it did not.

        Raises `VendoOnlyFeature` in OSS mode; while iterating, `AuthError` once the key is refused.
        """
        account = self._source()
        account.needs_dashboard("events.subscribe")
        return Subscription(account, max_backoff_sec=max_backoff_sec, on_open=on_open)


class AsyncEvents:
    """`Events` for asyncio."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    def subscribe(self, *, max_backoff_sec: float = 30.0, on_open: Opened | None = None) -> AsyncSubscription:
        """See `Events.subscribe`; for `async for`, with `aclose` and `async with`. There is nothing to await here."""
        account = self._source()
        account.needs_dashboard("events.subscribe")
        return AsyncSubscription(account, max_backoff_sec=max_backoff_sec, on_open=on_open)
