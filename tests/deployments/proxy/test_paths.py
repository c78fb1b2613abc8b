"""Whatever path is sent, a provider sees addresses below its API base alone, and nobody else sees anything."""

import posixpath
import re
import socket
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments import proxied
from deployments.errors import ApiError
from tests.deployments.proxy.asking import Ask, refused
from tests.servers import Upstream, upstream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
BASE = "https://api.example.com/base"

GOOD = [
    "", "/", "/a//b", "/a/%2F/b", "/a%20b", "/%E2%82%AC", "/a;b=c", "/a:b", "/@user", "/a@b/c", "/...", "/a..b", "/.a",
    "/v1/things:search", "/sites/https%3A%2F%2Fexample.com%2F/x", "/~a!$&'()*+,=", "/100%25", "/a%252Fb", "/[x]|y^`{}",
]  # fmt: skip
BAD = [
    "/..", "/../", "/../x", "/a/../../x", "/a/..", "/.", "/a/./b", "/..;/x", "/..;a=b/x",
    "/%2e%2e/x", "/%2E%2e", "/.%2e/x", "/a/%2e%2e%2fx", "/a%2f..%2f..%2fx", "/..%2fx", "/a%2F%2e%2e",
    "/%252e%252e/x", "/%25252e%25252e/x", "/a%252f..%252fx", "/%25%32%65%25%32%65/x",
    "/a\\b", "/..\\x", "/%5c..%5cx", "/%5C%5Cother", "/%255cx",
    "//other/x", "///other", "/%2f/other/x", "/%2F%2Fother", "/%252f%252fother",
    "/http://other/x", "/https:/other", "/https%3A%2F%2Fother/x", "/FTP://other",
    "/%00", "/a%0d%0aHost:%20other", "/a%0a", "/%7f", "/a%250d%250ab", "/%c0%ae%c0%ae/x", "/%c0%afx",
    "/%", "/%2", "/%zz", "/%u002e%u002e/x", "/a#b", "/%2525252525252525252541",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_a_plain_path_arrives_to_the_byte(path: str, ask: Ask, api: Upstream) -> None:
    assert ask("GET", path)[0] == 200
    assert ask("GET", f"{path}?x=/../y&u=https://other/%2e%2e")[0] == 200
    assert [seen.target for seen in api.seen] == [f"/base{path}", f"/base{path}?x=/../y&u=https://other/%2e%2e"]


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_might_lead_out_is_refused(path: str) -> None:
    with pytest.raises(ApiError) as caught:
        proxied.target(BASE, path.encode(), b"")
    assert caught.value.code == "validation_failed"


@pytest.mark.parametrize("path", ["/../x", "/%2e%2e/x", "/%252e%252e/x", "//other/x", "/https://other/", "/%00"])
def test_the_refusal_is_in_the_envelope(path: str, ask: Ask, api: Upstream) -> None:
    refused(ask("GET", path), 400, "validation_failed")
    assert api.seen == []


@pytest.mark.parametrize(
    ("base", "arrives"),
    [("https://a.example", b"/x"), ("https://a.example/v1", b"/v1/x"), ("http://a.example:8443/v1/api", b"/v1/api/x")],
)
def test_the_base_may_have_a_path(base: str, arrives: bytes) -> None:
    assert proxied.target(base, b"/x", b"") == arrives
    assert proxied.target("https://a.example", b"", b"q") == b"/?q"


TRICKS = [
    b"..", b".", b"/", b"\\", b"%2e", b"%2E", b"%2f", b"%5c", b"%25", b"%00", b"%0d%0a", b"%c0%ae", b"%ef%bc%8e",
    b"@", b":", b"//", b"http:", b"https://", b"?", b"#", b";", b"&", b"a", b"v1", b"%", b"%u002e", b"base", b"x y",
    b"[", b"]", b"\t", b"\x00", b"\xff", b"\xe2\x80\xa5",
]  # fmt: skip
PATHS = st.lists(
    st.one_of(st.sampled_from(TRICKS), st.binary(min_size=1, max_size=3)), min_size=1, max_size=9
).map(b"".join)  # fmt: skip


def _stays_below(target: str) -> bool:
    """As the most credulous server reads it: decoded until nothing changes, backslashes as slashes, dots resolved."""
    path = target.partition("?")[0]
    while (decoded := unquote(path, "latin-1")) != path:
        path = decoded
    path = path.replace("\\", "/")
    resolved = posixpath.normpath(re.sub(r";[^/]*", "", path))
    return path.startswith("/base") and (resolved == "/base" or resolved.startswith("/base/"))


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
    assert _stays_below(target.decode())


@pytest.fixture
def other_host() -> Iterator[Upstream]:
    """A host that nobody should reach."""
    with upstream() as running:
        yield running


@pytest.fixture
def say(door: str, ask: Ask) -> Callable[[bytes], bytes]:
    """Raw bytes of a request → what comes back until the connection is closed."""
    address = urlsplit(door)

    def say(message: bytes) -> bytes:
        with socket.create_connection((str(address.hostname), address.port or 0), timeout=10) as connection:
            connection.sendall(message)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    return say


QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)


@QUIET
@given(path=PATHS)
def test_on_the_wire_nothing_leaves_the_base(
    path: bytes, say: Callable[[bytes], bytes], api: Upstream, other_host: Upstream, app_key: str
) -> None:
    there = urlsplit(other_host.url).netloc.encode()
    for tricky in (path, path.replace(b"a", there)):
        start = b"GET /proxy/notion/%b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" % tricky
        answered = say(start + b"Authorization: Bearer %b\r\n\r\n" % app_key.encode())
        assert answered.split(b" ")[1] in {b"200", b"400"}
    assert all(_stays_below(seen.target) for seen in api.seen)
    assert other_host.seen == []


@pytest.mark.parametrize(
    "address", ["http://{other}/proxy/notion/x", "//{other}/proxy/notion/x", "http://u@{other}/proxy/notion/x"]
)
def test_a_request_line_with_a_host_in_it_reaches_no_other(
    address: str, say: Callable[[bytes], bytes], api: Upstream, other_host: Upstream, app_key: str
) -> None:
    there = address.format(other=urlsplit(other_host.url).netloc)
    say(f"GET {there} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Api-Key: {app_key}\r\n\r\n".encode())
    assert other_host.seen == []
    assert {seen.target for seen in api.seen} <= {"/base/x"}


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Content-Length: +4\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length: 30\r\nConnection: content-length\r\n",
    ],
)
def test_no_second_request_hides_in_a_body(
    framing: bytes, say: Callable[[bytes], bytes], api: Upstream, app_key: str
) -> None:
    start = b"POST /proxy/notion/x HTTP/1.1\r\nHost: x\r\nX-Api-Key: %b\r\nConnection: close\r\n" % app_key.encode()
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    say(start + framing + b"\r\n" + hidden)
    assert {seen.target for seen in api.seen} <= {"/base/x"}


def test_a_header_that_can_not_be_sent_is_refused(say: Callable[[bytes], bytes], api: Upstream, app_key: str) -> None:
    start = b"GET /proxy/notion/x HTTP/1.1\r\nHost: x\r\nX-Api-Key: %b\r\nConnection: close\r\n" % app_key.encode()
    assert say(start + b"X-A: a\x00b\r\n\r\n").split(b" ")[1] == b"400"
    assert api.seen == []
