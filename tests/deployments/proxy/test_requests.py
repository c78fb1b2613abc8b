"""What reaches the provider."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from connections import catalog
from connections.catalog import Proxy
from tests.deployments.proxy.asking import TOKEN, Ask, refused
from tests.servers import Upstream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_a_request_arrives_with_the_real_credential(ask: Ask, api: Upstream) -> None:
    status, headers, body = ask("POST", "/v1/pages?a=1&b=%2F&a=2", b'{"x": 1}', content_type="application/json")
    assert (status, body) == (200, b"{}")
    (seen,) = api.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/base/v1/pages?a=1&b=%2F&a=2", b'{"x": 1}')
    assert seen.header("authorization") == f"Bearer {TOKEN}"
    assert (seen.header("content-type"), seen.header("content-length")) == ("application/json", "8")
    assert seen.header("host") == urlsplit(api.url).netloc
    assert "Vendo-Error-Code" not in headers


def test_the_catalogues_headers_go_along_unless_the_tool_has_its_own(ask: Ask, api: Upstream) -> None:
    ask()
    ask(notion_version="2099-01-01")
    assert [seen.header("notion-version") for seen in api.seen] == ["2022-06-28", "2099-01-01"]


def test_the_key_may_come_as_x_api_key(ask: Ask, api: Upstream, app_key: str) -> None:
    assert ask(x_api_key=app_key)[0] == 200
    assert ask(x_api_key=app_key, authorization="Basic abc")[0] == 200
    for seen in api.seen:
        assert seen.header("authorization") == f"Bearer {TOKEN}"
        assert seen.header("x-api-key") is None
        assert "vendo_sk_" not in str(seen)


BETWEEN = [
    "Cookie", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "X-Vendo-User-JWT",
    "X-Vendo-Tenant-Id", "Vendo-API-Version", "Keep-Alive", "Proxy-Authorization", "TE", "Trailer", "Origin",
    "Expect", "X-Named",
]  # fmt: skip


def test_what_is_between_the_tool_and_us_stays_here(ask: Ask, api: Upstream) -> None:
    ask(**dict.fromkeys(BETWEEN, "a"), connection="close, X-Named", x_other="b")
    told = {name for name, _ in api.seen[0].headers}
    assert "x-other" in told
    assert not told & {name.lower() for name in [*BETWEEN, "Connection"]}


def test_nothing_is_added_to_what_the_tool_says(ask: Ask, api: Upstream) -> None:
    ask("GET", "/x", user_agent="tool/1", accept_encoding="br", idempotency_key="k", accept="*/*")
    assert sorted(name for name, _ in api.seen[0].headers) == [
        "accept", "accept-encoding", "authorization", "host", "idempotency-key", "notion-version", "user-agent",
    ]  # fmt: skip
    assert api.seen[0].header("accept-encoding") == "br"


def test_any_method_passes(ask: Ask, api: Upstream) -> None:
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"]
    assert {ask(method)[0] for method in methods} == {200}
    assert [seen.method for seen in api.seen] == methods


def test_an_echo_does_not_pass(ask: Ask, api: Upstream) -> None:
    refused(ask("TRACE"), 405, "method_not_allowed")
    assert api.seen == []


@pytest.mark.parametrize("size", [0, 5, 300_000, 3_000_000])
def test_a_body_of_any_size_arrives(size: int, ask: Ask, api: Upstream) -> None:
    ask("PUT", "/file", b"x" * size)
    assert (api.seen[0].size, api.seen[0].header("content-length")) == (size, str(size))


@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_a_body_of_unknown_size_arrives(size: int, ask: Ask, api: Upstream) -> None:
    pieces = [b"x" * min(50_000, size - start) for start in range(0, size, 50_000)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    ask("PUT", "/file", body, transfer_encoding="chunked")
    assert (api.seen[0].size, api.seen[0].header("content-length")) == (size, None)


# --- where the credential goes ----------------------------------------------------------------------------------------


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Callable[[Proxy], None]:
    """Has providers reached in another way than their files say."""
    get = catalog.get
    return lambda proxy: monkeypatch.setattr(catalog, "get", lambda slug: replace(get(slug), proxy=proxy))


def test_a_header_of_another_name_replaces_the_tools(
    ask: Ask, api: Upstream, app_key: str, reached: Callable[[Proxy], None]
) -> None:
    reached(Proxy(header="X-Api-Key", scheme=None))
    ask("GET", "/x", x_api_key="mine", authorization=f"Bearer {app_key}")
    assert (api.seen[0].header("x-api-key"), api.seen[0].header("authorization")) == (TOKEN, None)


def test_a_credential_in_the_query_leaves_the_rest_as_it_is(
    ask: Ask, api: Upstream, reached: Callable[[Proxy], None]
) -> None:
    reached(Proxy(header=None, query="api_key"))
    ask("GET", "/x?b=%2f&api_key=mine&api%5Fkey=mine&a=1")
    ask("GET", "/x")
    assert [seen.target for seen in api.seen] == [
        f"/base/x?b=%2f&a=1&api_key={TOKEN}",
        f"/base/x?api_key={TOKEN}",
    ]
    assert api.seen[0].header("authorization") is None


def test_a_credential_in_the_path_goes_between_the_base_and_the_rest(
    ask: Ask, api: Upstream, reached: Callable[[Proxy], None]
) -> None:
    reached(Proxy(header=None, path="/bot{}"))
    ask("GET", "/x?a=1")
    ask("GET", "")
    assert [seen.target for seen in api.seen] == [f"/base/bot{TOKEN}/x?a=1", f"/base/bot{TOKEN}"]
    assert api.seen[0].header("authorization") is None
