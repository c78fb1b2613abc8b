"""How a token is found (contract section 12): override, then dashboard, then the tool's own variable."""

from __future__ import annotations

from collections.abc import Iterable
from time import time

from vendo._account import Account, Token
from vendo._answers import unreadable
from vendo._fields import moment
from vendo._flights import Together
from vendo._flow import Flow, perform, run
from vendo._slugs import checked, override_variable, own_variable, variable
from vendo.errors import NotConnected, ValidationError

# Tokens leave the cache this long before they expire, so that one in use does not die on its way.
_SAFETY_SECONDS = 60
# The provider sets no end. We still ask again now and then: the tenant may have bound another connection.
_UNDATED_SECONDS = 50 * 60


def token(account: Account, slug: str) -> Flow[str]:
    name = checked(slug)
    found = _at_hand(account, name)
    if found:
        return found
    if account.settings.api_key is None:
        raise _set_it_yourself(name)
    fetched = yield from _ask(account, name)
    return fetched.access_token


def tokens(account: Account, slugs: Iterable[str]) -> Flow[dict[str, str | None]]:
    if isinstance(slugs, str):
        raise ValidationError("tokens() takes a list of slugs, like ['notion', 'googledrive'].")
    found = {name: _at_hand(account, name) for name in map(checked, slugs)}
    missing = [name for name, value in found.items() if value is None]
    if missing and account.settings.api_key is not None:
        answer = yield from _ask_for_many(account, missing)
        found |= {name: one.access_token if one else None for name, one in answer.items()}
    return found


def _at_hand(account: Account, slug: str) -> str | None:
    override = variable(override_variable(slug))
    if override:
        return override
    if account.settings.api_key is None:
        return variable(own_variable(slug))
    cached = account.cache.get(slug)
    return cached.access_token if cached else None


def _set_it_yourself(slug: str) -> NotConnected:
    advice = f"set {own_variable(slug)}"
    return NotConnected(advice, slug=slug, suggested_fix=advice)


def _ask(account: Account, slug: str) -> Flow[Token]:
    epoch = account.cache.epoch
    return perform(Together(account.flights, (epoch, slug), lambda: run(_fetch(account, slug, epoch))))


def _fetch(account: Account, slug: str, epoch: int) -> Flow[Token]:
    # Another caller may have landed between our look into the cache and our take-off.
    cached = account.cache.get(slug)
    if cached:
        return cached
    body = yield from account.read(account.settings.credentials_url, slug, slug=slug)
    fetched = _token(body, slug)
    account.cache.keep({slug: fetched}, epoch=epoch)
    return fetched


def _ask_for_many(account: Account, slugs: Iterable[str]) -> Flow[dict[str, Token | None]]:
    epoch = account.cache.epoch
    names = tuple(sorted(slugs))
    return perform(Together(account.bulk_flights, (epoch, names), lambda: run(_fetch_many(account, names, epoch))))


def _fetch_many(account: Account, slugs: tuple[str, ...], epoch: int) -> Flow[dict[str, Token | None]]:
    body = yield from account.read(account.settings.credentials_url, f"_bulk?slugs={','.join(slugs)}")
    entries = body.get("tokens") if isinstance(body, dict) else None
    if not isinstance(entries, dict):
        raise unreadable(None)
    fetched = {slug: _token(entries[slug], slug) if entries.get(slug) is not None else None for slug in slugs}
    account.cache.keep({slug: one for slug, one in fetched.items() if one}, epoch=epoch)
    return fetched


def _token(body: object, slug: str) -> Token:
    value = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(value, str) or not value:
        raise unreadable(slug)
    return Token(value, good_until=_good_until(body.get("expires_at"), slug))


def _good_until(expires_at: object, slug: str) -> float:
    if expires_at is None:
        return time() + _UNDATED_SECONDS
    expiry = moment(expires_at)
    if expiry is None:
        raise unreadable(slug)
    return expiry.timestamp() - _SAFETY_SECONDS
