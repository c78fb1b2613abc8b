"""The web process notices clients who vanished. That streams do not keep it from stopping: tests/e2e/test_events.py."""

import socket
import sys
from contextlib import closing
from typing import Any

import pytest

from tests.servers import serving
from vendo_site import serve


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name and number these options otherwise")
def test_accepted_sockets_find_out_within_half_a_minute_that_nobody_is_there() -> None:
    with closing(serve.listening("127.0.0.1", 0)) as listener, closing(socket.socket()) as client:
        client.connect(listener.getsockname())
        with closing(listener.accept()[0]) as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            idle, every, times, unconfirmed = (
                accepted.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names
            )
    assert idle + every * times < 30
    assert 0 < unconfirmed < 30_000


def test_ipv6_addresses_can_be_listened_on() -> None:
    try:
        listener = serve.listening("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with closing(listener):
        assert listener.family == socket.AF_INET6


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


def _answer(url: str, head: bytes, pieces: int = 0, piece: bytes = b"x" * 65536) -> bytes:
    """What comes back for a request that is sent piece by piece; nothing, where the server hung up."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        try:
            client.sendall(head)
            for _ in range(pieces):
                client.sendall(piece)
            client.sendall(b"\r\n\r\n")
            return client.recv(4096)
        except OSError:
            return b""


def test_a_head_without_end_is_hung_up_on_and_a_long_body_is_not() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    with serving(_hello, http=serve.Protocol) as url:
        assert b"200" in _answer(url, request + b"X: y")
        assert _answer(url, request + b"X: ", pieces=40) == b""
        assert b"200" in _answer(url, request + b"Content-Length: 2621440\r\n\r\n", pieces=40)
