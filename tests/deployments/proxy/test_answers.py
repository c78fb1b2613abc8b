"""What comes back from the provider, whole or broken off."""

import http.client
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from deployments import proxy_exchange
from tests.deployments.proxy.asking import TOKEN, Ask, Response, refused, request
from tests.servers import Seen, Upstream, answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def _answering(api: Upstream, status: int = 200, body: bytes = b"{}", *headers: tuple[str, str]) -> None:
    api.reply = lambda seen, handler: answer(handler, status, body, *headers)


def test_answers_pass_as_they_are(ask: Ask, api: Upstream) -> None:
    for status in (200, 201, 206, 301, 302, 400, 403, 404, 409, 418, 429, 500, 503, 599):
        _answering(api, status, b"\x00\xff body", ("Content-Type", "x/y"), ("Retry-After", "7"), ("ETag", '"1"'))
        got, headers, body = ask()
        assert (got, body) == (status, b"\x00\xff body")
        assert (headers["Content-Type"], headers["Retry-After"], headers["ETag"]) == ("x/y", "7", '"1"')
        assert (headers["Content-Length"], headers["Vendo-Error-Code"]) == ("7", None)


def test_a_coded_answer_stays_coded(ask: Ask, api: Upstream) -> None:
    _answering(api, 200, b"not really gzip", ("Content-Encoding", "gzip"))
    status, headers, body = ask(accept_encoding="gzip")
    assert (status, headers["Content-Encoding"], body) == (200, "gzip", b"not really gzip")


@pytest.mark.parametrize("location", ["https://elsewhere.example/x", "/v1/other", "http://127.0.0.1:1/"])
def test_a_redirect_is_the_tools_to_follow(location: str, ask: Ask, api: Upstream) -> None:
    _answering(api, 307, b"", ("Location", location))
    status, headers, _ = ask()
    assert (status, headers["Location"], len(api.seen)) == (307, location, 1)


NOT_THEIRS = [
    "Set-Cookie", "Vendo-Error-Code", "X-Vendo-Anything", "Access-Control-Allow-Origin", "Keep-Alive", "Upgrade",
    "Proxy-Authenticate", "Alt-Svc", "Clear-Site-Data", "Strict-Transport-Security", "X-Named",
]  # fmt: skip


def test_what_a_provider_must_not_say_for_us_is_left_out(ask: Ask, api: Upstream) -> None:
    _answering(api, 200, b"{}", *[(name, "a=b") for name in NOT_THEIRS], ("Connection", "X-Named"), ("X-Other", "c"))
    status, headers, _ = ask()
    assert (status, headers["X-Other"]) == (200, "c")
    assert [name for name in NOT_THEIRS if name in headers] == []


def test_a_shared_cache_is_told_that_the_key_matters(ask: Ask, api: Upstream) -> None:
    _answering(api, 200, b"{}", ("Cache-Control", "public"), ("Vary", "Accept"))
    assert ask()[1].get_all("Vary") == ["Accept", "authorization, x-api-key"]


@pytest.mark.parametrize("header", [("Content-Length", "10"), ("ETag", "1")])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body(method: str, status: int, header: tuple[str, str], ask: Ask, api: Upstream) -> None:
    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        handler.send_header(*header)
        handler.end_headers()

    api.reply = reply
    assert ask(method)[::2] == (status, b"")


def test_an_answer_in_chunks_arrives_in_chunks(ask: Ask, api: Upstream) -> None:
    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    api.reply = reply
    status, headers, body = ask()
    assert (status, headers["Transfer-Encoding"], body) == (200, "chunked", b"abcde")


# --- one side goes away -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [("Content-Length", "100"), ("Transfer-Encoding", "chunked")])
def test_half_an_answer_never_looks_like_a_whole_one(framing: tuple[str, str], ask: Ask, api: Upstream) -> None:
    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header(*framing)
        handler.end_headers()
        handler.wfile.write(b"5\r\nhalf \r\n")
        handler.close_connection = True

    api.reply = reply
    with pytest.raises(http.client.IncompleteRead):
        ask()


def _streaming(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
    """Events without end."""
    handler.send_response_only(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for number in range(10_000):
        event = b"data: %d\n\n" % number
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        handler.wfile.flush()
        time.sleep(0.02)


def _opened(door: str, app_key: str, path: str = "/proxy/notion/stream") -> http.client.HTTPConnection:
    client = http.client.HTTPConnection(urlsplit(door).netloc, timeout=10)
    client.request("GET", path, headers={"Authorization": f"Bearer {app_key}"})
    return client


def test_each_event_arrives_when_it_is_sent_and_hanging_up_ends_it(
    ask: Ask, door: str, app_key: str, api: Upstream
) -> None:
    api.reply = _streaming
    client = _opened(door, app_key)
    stream = client.getresponse()
    assert [stream.readline() for _ in range(4)] == [b"data: 0\n", b"\n", b"data: 1\n", b"\n"]
    stream.close()
    client.close()
    assert api.gone.wait(30)


def test_hanging_up_before_the_answer_ends_it_too(ask: Ask, door: str, app_key: str, api: Upstream) -> None:
    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        # Nothing more comes on this connection, so this returns when it is closed.
        handler.connection.settimeout(30)
        if handler.rfile.read(1) == b"":
            api.gone.set()
        handler.close_connection = True

    api.reply = reply
    client = _opened(door, app_key)
    while not api.seen:
        time.sleep(0.01)
    client.close()
    assert api.gone.wait(30)


def test_hanging_up_in_the_middle_of_an_upload_ends_it(ask: Ask, door: str, app_key: str, api: Upstream) -> None:
    client = http.client.HTTPConnection(urlsplit(door).netloc, timeout=10)
    client.putrequest("PUT", "/proxy/notion/file")
    client.putheader("Authorization", f"Bearer {app_key}")
    client.putheader("Content-Length", "10000000")
    client.endheaders(b"x" * 500_000)
    while not api.seen:
        time.sleep(0.01)
    client.close()
    assert api.gone.wait(30)


def test_an_answer_that_has_begun_may_take_its_time(ask: Ask, api: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        time.sleep(2)
        handler.wfile.write(b"end")

    monkeypatch.setitem(proxy_exchange.WAITS, "read", 1.0)
    api.reply = reply
    assert ask()[::2] == (200, b"end")


# --- no answer at all -------------------------------------------------------------------------------------------------


def test_an_answer_that_does_not_begin_is_not_waited_for(
    ask: Ask, api: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(proxy_exchange.WAITS, "read", 0.3)
    api.reply = lambda seen, handler: time.sleep(1)
    assert "in time" in refused(ask(), 502, "upstream_error")["message"]


def _hang_up(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def _babble(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SMTP ready\r\n\r\n")
    handler.close_connection = True


def _switch(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello")
    handler.close_connection = True


@pytest.mark.parametrize("reply", [_hang_up, _babble, _switch])
def test_what_is_no_answer_is_the_providers_trouble(reply: object, ask: Ask, api: Upstream) -> None:
    api.reply = reply  # type: ignore[assignment]
    refused(ask(), 502, "upstream_error")


def test_a_provider_that_is_gone_is_upstream_trouble(ask: Ask, api: Upstream) -> None:
    from connections.models import Integration

    Integration.objects.filter(slug="notion").update(endpoint_overrides={"api_url": "http://127.0.0.1:1"})
    assert "could not be reached" in refused(ask(), 502, "upstream_error")["message"]


def test_a_kept_connection_serves_the_next_request(door: str, ask: Ask, app_key: str, api: Upstream) -> None:
    client = _opened(door, app_key, "/proxy/notion/a")
    first = client.getresponse().read()
    client.request("GET", "/proxy/notion/b", headers={"Authorization": f"Bearer {app_key}"})
    assert (first, client.getresponse().read()) == (b"{}", b"{}")
    client.close()


def test_other_addresses_are_not_the_proxys(door: str) -> None:
    response: Response = request(door, "GET", "/proxyx")
    assert (response[0], response[2]) == (299, b"behind")
    assert TOKEN not in str(response)
