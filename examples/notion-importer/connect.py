"""The way to the dashboard's connect page and back: links there, and which returns are really ours."""

import hmac
import time

import vendo
from vendo.errors import VendoError

LIFETIME = 60 * 60  # the page may stand open for a while before somebody clicks


def link(slug: str, secret: bytes) -> str | None:
    """Where the tenant connects `slug`, or picks another account; None where there is no such page.

    The first one may cost a request to the dashboard, unless an error has told us the address before.
    """
    try:
        return vendo.connect_url(slug, state=_issue(slug, secret)) if vendo.is_vendo_mode() else None
    except VendoError:
        return None


def slug_of(state: str, secret: bytes) -> str | None:
    """Which provider a returning browser connected; None for a state that we did not issue, or that is too old."""
    slug, _, rest = state.partition(".")
    until, _, _ = rest.partition(".")
    if not hmac.compare_digest(state.encode(), _signed(slug, until, secret).encode()):
        return None
    return slug if int(until) > time.time() else None


def _issue(slug: str, secret: bytes) -> str:
    return _signed(slug, str(int(time.time()) + LIFETIME), secret)


def _signed(slug: str, until: str, secret: bytes) -> str:
    return f"{slug}.{until}.{hmac.digest(secret, f'{slug}.{until}'.encode(), 'sha256').hex()}"
