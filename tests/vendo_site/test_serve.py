"""The web process notices clients who vanished. That streams do not keep it from stopping: tests/e2e/test_events.py."""

import socket
import sys
from contextlib import closing

import pytest

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
