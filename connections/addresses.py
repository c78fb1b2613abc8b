"""Where a provider is reached: an address of its data sheet, or an operator's in its place, filled for one account."""

import re
from collections.abc import Mapping
from string import Formatter
from urllib.parse import urlsplit

from connections.catalog import Provider
from connections.errors import NeedsReauth

# What is filled in: asks and context of a connection, by name.
type Facts = Mapping[str, str]

NOTHING: Facts = {}
# Those of a data sheet, as an operator may replace them.
NAMES = frozenset({"authorize_url", "token_url", "refresh_url", "revoke_url", "lengthen_url", "renew_url"})
NAMES |= {"api_url", "account_url"}
# Nothing that could end a host's name or begin a path, a query, a port or a name before an `@`.
HARMLESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9]))*")


def declared(provider: Provider, name: str) -> str:
    """The data sheet's own address; "" where it has none. Names are those an operator may override."""
    oauth = provider.oauth
    match name:
        case "api_url":
            return provider.api_url
        case "account_url":
            return provider.account_url or provider.api_url
        case "revoke_url":
            return oauth.revoke.url if oauth and oauth.revoke else ""
        case "lengthen_url":
            return oauth.lengthen.url if oauth and oauth.lengthen else ""
        case "renew_url":
            return oauth.renew.url if oauth and oauth.renew else ""
        case _:
            return str(getattr(oauth, name) or "")


def template(provider: Provider, overrides: Mapping[str, str], name: str) -> str:
    """The address before it is filled. An operator's `api_url` stands for `account_url` too."""
    if name == "account_url" and overrides.get("api_url"):
        return overrides.get("account_url") or overrides["api_url"]
    return overrides.get(name) or declared(provider, name)


def filled(provider: Provider, address: str, facts: Facts, quoted: Facts = NOTHING) -> str:
    """The address with `{name}` of an ask or of the context replaced. Raises `NeedsReauth` where that can't be.

    `quoted` is filled in as it is: percent-encoded already.
    """
    for name, value in quoted.items():
        address = address.replace(f"{{{name}}}", value)
    names = placeholders(address)
    if not names:
        return address
    if not all(HARMLESS.fullmatch(facts.get(name, "")) for name in names):
        raise NeedsReauth(f"It is not known where {provider.name} is to be reached for this account. Reconnect it.")
    whole = address.format_map({name: facts[name] for name in names})
    if _host_is_told(address) and not _is_theirs(provider, whole):
        raise NeedsReauth(f"{provider.name} named an address that is not its own. Reconnect it.")
    return whole


def placeholders(address: str) -> set[str]:
    """The names that stand in braces. Raises `ValueError` for braces that stand for nothing."""
    return {name for _, name, _, _ in Formatter().parse(address) if name is not None}


def _host_is_told(address: str) -> bool:
    """Whether the end of the host is not written out (see catalog/_soundness.py)."""
    return urlsplit(address).netloc.endswith("}")


def _is_theirs(provider: Provider, whole: str) -> bool:
    return (urlsplit(whole).hostname or "").endswith(tuple(provider.api_hosts) or ("\0",))
