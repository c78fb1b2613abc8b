"""Where the tenant's browser goes to connect a provider for this app (contract section 7)."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from vendo._account import Account
from vendo._flow import Flow
from vendo._slugs import checked
from vendo.errors import ValidationError, VendoError

# No connection has this id, so the server refuses, and a refusal names the connect URL with our app's id in it.
# A plain request would get a token instead, and no URL, for as long as the tenant is connected.
_NO_CONNECTION = {"X-Vendo-Connection": "00000000-0000-0000-0000-000000000000"}


def connect_url(account: Account, slug: str, *, return_to: str | None, state: str | None) -> Flow[str]:
    """See `Vendo.connect_url`."""
    name = checked(slug)
    account.needs_dashboard("connect_url", slug=name)
    known = account.known_connect_url
    url = _for_slug(known, name) if known else (yield from _ask(account, name))
    return _with_query(url, return_to=return_to, state=state)


def _ask(account: Account, slug: str) -> Flow[str]:
    try:
        yield from account.read(account.settings.credentials_url, slug, slug=slug, headers=_NO_CONNECTION)
    except VendoError as error:
        if error.connect_url is None:
            raise
        return error.connect_url
    # A server that did not look at the header. Without an app in the URL the dashboard still connects the tenant,
    # and then offers to bind. The key in its place would do more, and would be in the hands of every visitor.
    if account.settings.base_url is None:
        raise ValidationError("The connect page's address is not known: set VENDO_BASE_URL.", slug=slug)
    return f"{account.settings.base_url}/connections/connect/{slug}"


def _for_slug(url: str, slug: str) -> str:
    parts = urlsplit(url)
    page, _, _ = parts.path.rpartition("/")
    return urlunsplit(parts._replace(path=f"{page}/{slug}"))


def _with_query(url: str, **extra: str | None) -> str:
    parts = urlsplit(url)
    added = urlencode({name: value for name, value in extra.items() if value}, errors="replace")
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, added)))))
