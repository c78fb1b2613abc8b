"""What goes through the proxy and what does not: the rules, without a network."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections import catalog
from deployments import proxied
from deployments.errors import ApiError
from tests.deployments.proxy.tricks import BAD, GOOD, PATHS, stays_below

BASE = "https://api.example.com/base"


@pytest.mark.parametrize("path", GOOD)
def test_a_plain_path_stays_as_it_is(path: str) -> None:
    assert proxied.target(BASE, path.encode(), b"q=..") == f"/base{path}?q=..".encode()


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_might_lead_out_is_refused(path: str) -> None:
    with pytest.raises(ApiError) as caught:
        proxied.target(BASE, path.encode(), b"")
    assert caught.value.code == "validation_failed"


@pytest.mark.parametrize(
    ("base", "arrives"),
    [("https://a.example", b"/x"), ("https://a.example/v1", b"/v1/x"), ("http://a.example:8443/v1/api", b"/v1/api/x")],
)
def test_the_base_may_have_a_path(base: str, arrives: bytes) -> None:
    assert proxied.target(base, b"/x", b"") == arrives
    assert proxied.target("https://a.example", b"", b"q") == b"/?q"


@settings(max_examples=1500, deadline=None)
@given(path=PATHS, query=st.one_of(st.just(b""), PATHS))
def test_no_path_leads_out_of_the_base(path: bytes, query: bytes) -> None:
    try:
        target = proxied.target(BASE, b"/" + path, query)
    except ApiError:
        return
    address = urlsplit(f"https://api.example.com{target.decode()}")
    assert address.netloc == "api.example.com"
    assert target.startswith(b"/base/" + path)
    assert stays_below(target.decode())


PROXIED = [provider for provider in catalog.all_providers().values() if provider.proxy]


@pytest.mark.parametrize("provider", PROXIED, ids=lambda provider: provider.slug)
def test_every_provider_gets_its_credential_where_it_says_and_nothing_of_ours(provider: catalog.Provider) -> None:
    assert provider.proxy
    sent = [(b"authorization", b"Bearer vendo_sk_x"), (b"x-api-key", b"vendo_sk_x"), (b"accept", b"a")]
    headers = dict(proxied.onward(sent, provider.proxy, provider.api_headers.items(), "the-token"))
    query = proxied.with_credential(b"", provider.proxy.query, "the-token") if provider.proxy.query else b""
    path = provider.proxy.prefix("the-token").encode()
    assert [b"the-token" in place for place in (query, path, b" ".join(headers.values()))].count(True) == 1
    assert not any(b"vendo_sk_" in value for value in headers.values())
    assert {name.lower().encode() for name in provider.api_headers} <= {name.lower() for name in headers}


def test_a_credential_in_the_query_is_written_as_a_query() -> None:
    assert proxied.with_credential(b"", "k", "a&b=c d/%") == b"k=a%26b%3Dc%20d%2F%25"


def test_a_credential_in_the_path_leads_nowhere_else() -> None:
    prefix = catalog.Proxy(header=None, path="/bot{}").prefix("../../a?b#c%2f")
    assert proxied.with_prefix(b"/base/x?q", BASE, prefix) == b"/base/bot..%2F..%2Fa%3Fb%23c%252f/x?q"


def test_a_header_that_quotes_the_credential_is_left_out() -> None:
    sent = [(b"location", b"https://a.example/?key=to%2Bken"), (b"x-echo", b"Bearer to+ken"), (b"etag", b"1")]
    assert list(proxied.back(sent, 301, "to+ken")) == [(b"etag", b"1"), proxied.VARY]
