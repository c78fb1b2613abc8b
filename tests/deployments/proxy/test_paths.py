"""Whatever path is sent, a provider sees addresses below its API base alone, and nobody else sees anything."""

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

from tests.deployments.proxy.asking import Ask, refused
from tests.deployments.proxy.tricks import GOOD, PATHS, stays_below
from tests.servers import Upstream, upstream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_plain_paths_arrive_to_the_byte(ask: Ask, api: Upstream) -> None:
    query = "?x=/../y&u=https://other/%2e%2e"
    for path in GOOD:
        assert ask("GET", path)[0] == 200
        assert ask("GET", path + query)[0] == 200
    assert [seen.target for seen in api.seen] == [f"/base{path}{more}" for path in GOOD for more in ("", query)]


def test_refusals_are_in_the_envelope(ask: Ask, api: Upstream) -> None:
    for path in ("/../x", "/%2e%2e/x", "/%252e%252e/x", "//other/x", "/https://other/", "/%00"):
        refused(ask("GET", path), 400, "validation_failed")
    assert api.seen == []


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
    assert all(stays_below(seen.target) for seen in api.seen)
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
