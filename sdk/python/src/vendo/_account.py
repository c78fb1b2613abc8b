"""What this process knows about one app key: its tokens, the questions in the air, where its tenant connects."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from urllib.parse import urlsplit

from vendo._answers import value_of
from vendo._flights import Flights
from vendo._flow import Flow
from vendo._http import Request, get
from vendo._settings import Settings
from vendo._version import __version__
from vendo.errors import ValidationError, VendoError

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
    """One app key at one dashboard, shared by every client of the process that was made with the two."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cache = TokenCache()
        self.flights: Flights[Token] = Flights()
        self.bulk_flights: Flights[dict[str, Token | None]] = Flights()
        # A connect URL that an error of the server carried, of whichever provider: it names our app.
        self.known_connect_url: str | None = None

    def read(
        self, address: str | None, path: str, *, slug: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Flow[object]:
        """GET `<address>/<path>` with the app key; the JSON of the answer, or the `VendoError` it means.

        `address` is one of the settings', None where the environment names none.
        """
        key = self.settings.api_key
        if key is None or address is None:
            raise ValidationError("There is an app key, but no address to use it at: set VENDO_BASE_URL.")
        answer = yield from get(Request(f"{address}/{path}", {**_headers(key), **(headers or {})}))
        try:
            return value_of(answer, slug=slug, secret=key)
        except VendoError as error:
            self._learn_from(error)
            raise

    def _learn_from(self, error: VendoError) -> None:
        url = error.connect_url
        if url and urlsplit(url).path.endswith(f"/connections/connect/{error.slug}"):
            self.known_connect_url = url


def _headers(key: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {key}",
        "Accept": "application/json",
        "User-Agent": f"vendo-python/{__version__}",
    }


_accounts: OrderedDict[Settings, Account] = OrderedDict()
_accounts_lock = threading.Lock()


def account_for(settings: Settings) -> Account:
    with _accounts_lock:
        account = _accounts.get(settings) or _accounts.setdefault(settings, Account(settings))
        _accounts.move_to_end(settings)
        while len(_accounts) > _MOST_ACCOUNTS:
            _accounts.popitem(last=False)
        return account


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
