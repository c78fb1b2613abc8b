"""Addresses of a provider are filled for one account, and never lead our secrets or a tool to another's host."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections import addresses, asks, catalog
from connections.catalog import Ask, Provider
from connections.errors import NeedsReauth
from connections.models import Connection, Integration
from tenants.models import Tenant

SHOP = Ask(name="shop", label="Shop", pattern=".*", looks="anything", suffix=".example.com")
# The pattern takes anything, so that what is tested is what no data sheet can forget.
LOOSE = replace(catalog.get("notion"), asks=(SHOP,), api_url="https://{shop}.example.com/{realm}")
TOLD = replace(LOOSE, api_url="https://{host}", api_hosts=(".example.com",))


def _host(provider: Provider, url: str, facts: dict[str, str]) -> str | None:
    return urlsplit(addresses.filled(provider, url, facts)).hostname


def test_what_is_known_of_the_account_is_filled_in() -> None:
    filled = addresses.filled(LOOSE, LOOSE.api_url, {"shop": "corner", "realm": "n-1.2"})
    assert filled == "https://corner.example.com/n-1.2"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a/b",
        "evil.org/",
        "evil.org#",
        "evil.org?",
        "a@b",
        "a:b",
        "..",
        "a..b",
        ".a",
        "a.",
        "a%2f",
        "a\\b",
        "a b",
        "é",
    ],
)
def test_nothing_that_ends_a_host_is_filled_in(value: str) -> None:
    with pytest.raises(NeedsReauth, match="Reconnect"):
        addresses.filled(LOOSE, LOOSE.api_url, {"shop": value, "realm": "north"})


def test_what_is_not_known_is_not_guessed() -> None:
    with pytest.raises(NeedsReauth, match="not known where"):
        addresses.filled(LOOSE, LOOSE.api_url, {"shop": "corner"})


@given(typed=st.text(min_size=1))
def test_no_typed_text_leads_to_another_host(typed: str) -> None:
    found = asks.typed(LOOSE, {"ask-shop": typed}, None)
    if found:
        assert str(_host(LOOSE, "https://{shop}.example.com/token", found)).endswith(".example.com")


@pytest.mark.parametrize("host", ["evil.org", "example.com.evil.org", "evilexample.com", "example.com"])
def test_a_host_that_the_provider_tells_is_one_of_its_own(host: str) -> None:
    with pytest.raises(NeedsReauth, match="not its own"):
        addresses.filled(TOLD, TOLD.api_url, {"host": host})
    assert _host(TOLD, TOLD.api_url, {"host": "na1.example.com"}) == "na1.example.com"


def test_an_operators_api_stands_for_where_accounts_are_asked_too(notion: Integration) -> None:
    sheet = replace(catalog.get("notion"), account_url="https://who.example.com")
    assert addresses.template(sheet, {}, "account_url") == "https://who.example.com"
    assert addresses.template(sheet, {"api_url": "http://here"}, "account_url") == "http://here"
    both = {"api_url": "http://here", "account_url": "http://there"}
    assert addresses.template(sheet, both, "account_url") == "http://there"


def test_a_connection_knows_where_its_api_is(tenant: Tenant, make_connection: Callable[..., Connection]) -> None:
    host = "acme.my.salesforce.com"
    context = {"context": {"salesforce": {"instance_host": host}}}
    assert make_connection(tenant, "salesforce", metadata=context).api_url == f"https://{host}"
    with pytest.raises(NeedsReauth):
        _ = make_connection(tenant, "salesforce").api_url


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("acme.my", "acme.my"),
        (" ACME.my ", "acme.my"),
        ("acme.my.salesforce.com", "acme.my"),
        ("https://acme.my.salesforce.com/lightning/page/home", "acme.my"),
        ("login", "login"),
    ],
)
def test_an_address_may_be_typed_as_it_stands_in_the_browser(typed: str, kept: str) -> None:
    assert asks.typed(catalog.get("salesforce"), {"ask-domain": typed}, None) == {"domain": kept}
