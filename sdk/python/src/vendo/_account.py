"""What this process knows about one app key: its tokens, the questions in the air, where its tenant connects."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import time
from typing import TypeAlias
from urllib.parse import urlsplit

from vendo._answers import value_of
from vendo._flights import Flights
from vendo._flow import Flow
from vendo._http import Request, get
from vendo._network import NETWORK, Network
from vendo._settings import Settings
from vendo._version import __version__
from vendo.errors import ValidationError, VendoError, VendoOnlyFeature

# A process that serves many tenants may come by many keys; the one that was used least recently is forgotten first.
_MOST_ACCOUNTS = 256


@dataclass(frozen=True, slots=True)
class Token:
    """A provider's access token, and until when (Unix time) it may be handed out from memory."""

    access_token: str = field(repr=False)
    good_until: float


class TokenCache:
    """Tokens by slug. `epoch` counts the calls of `forget`: what was asked for before one is not kept after it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self.epoch = 0

    def get(self, slug: str) -> Token | None:
        token = self._tokens.get(slug)
        return token if token and token.good_until > time() else None

    def keep(self, tokens: Mapping[str, Token], *, epoch: int) -> None:
        with self._lock:
            if epoch == self.epoch:
                self._tokens.update(tokens)

    def forget(self, slug: str | None) -> None:
        with self._lock:
            self.epoch += 1
            if slug is None:
                self._tokens.clear()
            else:
                self._tokens.pop(slug, None)


class Account:
    """One app key at one dashboard, and at most one user; shared by every client of the process that is for the same.

    `network` is how the dashboard is reached.
    """

    def __init__(self, settings: Settings, network: Network = NETWORK) -> None:
        self.settings = settings
        self.network = network
        self.cache = TokenCache()
        self.flights: Flights[Token] = Flights()
        self.bulk_flights: Flights[dict[str, Token | None]] = Flights()
        # A connect URL that an error of the server carried, of whichever provider: it names our app.
        self.known_connect_url: str | None = None

    def needs_dashboard(self, what: str, slug: str | None = None) -> None:
        """Raises `VendoOnlyFeature` where there is no app key."""
        if self.settings.api_key is None:
            advice = "set VENDO_API_KEY and VENDO_BASE_URL"
            raise VendoOnlyFeature(f"{what} needs a Vendo dashboard: {advice}.", slug=slug, suggested_fix=advice)

    def request(
        self,
        address: str | None,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Request:
        """A request for `<address>/<path>` with the app key. `address` is one of the settings', which may be None."""
        key = self.settings.api_key
        if key is None or address is None:
            raise ValidationError("There is an app key, but no address to use it at: set VENDO_BASE_URL.")
        return Request(f"{address}/{path}", {**self._headers(key), **(headers or {})}, method, body)

    def read(
        self, address: str | None, path: str, *, slug: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Flow[object]:
        """GET `<address>/<path>` with the app key; the JSON of the answer, or the `VendoError` it means."""
        answer = yield from get(
            self.network.send, self.request(address, path, headers=headers), repeats=self.network.repeats
        )
        try:
            return value_of(answer, slug=slug, secrets=self.settings.secrets)
        except VendoError as error:
            self.learn_from(error)
            raise

    def learn_from(self, error: VendoError) -> None:
        url = error.connect_url
        if url and urlsplit(url).path.endswith(f"/connections/connect/{error.slug}"):
            self.known_connect_url = url

    def of_user(self, user_jwt: str) -> Account:
        """The same app on behalf of a user. It has a cache of its own: what one user may use, another may not."""
        return account_for(self.settings.of_user(user_jwt), self.network)

    def forget(self, slug: str | None) -> None:
        """The dashboard says that this provider's connection is another now, for the app and for all of its users."""
        for account in (self, *_of_the_same_app(self)):
            account.cache.forget(slug)

    def _headers(self, key: str) -> dict[str, str]:
        user = {"X-Vendo-User-JWT": self.settings.user_jwt} if self.settings.user_jwt else {}
        return {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "User-Agent": f"vendo-python/{__version__}",
            **user,
        }


AccountSource: TypeAlias = Callable[[], Account]
"""Whose account a call is for: a client's own, or the one that the environment names at this moment."""

_accounts: OrderedDict[tuple[Settings, Network], Account] = OrderedDict()
_accounts_lock = threading.Lock()
# What a test has put in the place of the environment's account (`vendo.testing`).
_stand_in: Account | None = None


def account_for(settings: Settings, network: Network = NETWORK) -> Account:
    name = settings, network
    with _accounts_lock:
        account = _accounts.get(name) or _accounts.setdefault(name, Account(settings, network))
        _accounts.move_to_end(name)
        while len(_accounts) > _MOST_ACCOUNTS:
            _accounts.popitem(last=False)
        return account


def account_of(api_key: str | None, base_url: str | None) -> Account:
    """The account that the arguments of a client, and the environment behind them, name."""
    if _stand_in and api_key is None and base_url is None:
        return _stand_in
    return account_for(Settings.read(api_key, base_url))


def environments_account() -> Account:
    return account_of(None, None)


def stand_in(account: Account | None) -> Account | None:
    """Put an account in the place of the environment's, or None to end that; returns what stood there before."""
    global _stand_in
    before, _stand_in = _stand_in, account
    return before


def _of_the_same_app(account: Account) -> list[Account]:
    app = replace(account.settings, user_jwt=None), account.network
    with _accounts_lock:
        return [
            other
            for (settings, network), other in _accounts.items()
            if (replace(settings, user_jwt=None), network) == app
        ]


def _start_over_in_child() -> None:
    """After a fork: the threads that flew, or held a lock, exist in the parent only; nobody would ever land here.

    Clients made before the fork keep their account, so it is emptied in place.
    """
    global _accounts_lock  # noqa: PLW0603
    _accounts_lock = threading.Lock()
    for account in _accounts.values():
        account.cache = TokenCache()
        account.flights = Flights()
        account.bulk_flights = Flights()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over_in_child)
