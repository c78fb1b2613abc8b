"""A provider that drips: every call to it is over in time, whatever it sends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from connections import oauth, provider_api, revocation, swaps
from connections.credentials import LEASE
from connections.deadline import Deadline
from connections.errors import ConnectError, ProviderError
from connections.models import Integration
from connections.provider_api import ProviderApi
from connections.revocation import Held

HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
type Dripping = Callable[[bytes, bytes], str]


@pytest.fixture
def dripping() -> Iterator[Dripping]:
    """(at once, one byte at a time) → the address of a server that answers so, for ever."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, start: bytes, drop: bytes) -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            with client:
                client.sendall(start)
                while not over.wait(0.05):
                    try:
                        client.sendall(drop)
                    except OSError:
                        break

    def listen(start: bytes, drop: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(0.05)
        listeners.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, start, drop)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield listen
    over.set()
    for thread in threads:
        thread.join()
    for listener in listeners:
        listener.close()


DRIPS = pytest.mark.parametrize(
    "drip",
    [(b"", b"H"), (HEADERS, b"X-Drip: drip\r\n"), (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")],
    ids=["status line", "headers", "body"],
)


@DRIPS
@pytest.mark.parametrize("call", ["refresh", "exchange", "revoke", "swap", "identity"])
def test_no_call_outlasts_its_time(
    call: str, drip: tuple[bytes, bytes], dripping: Dripping, googledrive: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_api, "CALL", 0.4)
    url = dripping(*drip)
    googledrive.endpoint_overrides = {"token_url": url, "revoke_url": url, "api_url": url}
    calls: dict[str, Callable[[], object]] = {
        "refresh": lambda: oauth.refresh(googledrive, "refresh-0"),
        "exchange": lambda: oauth.exchange(googledrive, "code", "verifier"),
        "revoke": lambda: revocation.revoke(googledrive, Held(access_token="access-1", refresh_token="refresh-0")),
        "swap": lambda: _swap(url),
        "identity": lambda: _identity(googledrive),
    }
    started = time.monotonic()
    with pytest.raises((ProviderError, ConnectError), match=r"did not answer in time|could not be reached"):
        calls[call]()
    assert time.monotonic() - started < 20


def _swap(url: str) -> object:
    instagram = Integration.objects.get(slug="instagram")
    instagram.endpoint_overrides = {"renew_url": url}
    return swaps.renewed(instagram, "access-1")


def _identity(integration: Integration) -> object:
    with ProviderApi(integration, "access-1") as api:
        return api.get("/drive/v3/about")


def test_a_call_is_over_before_the_lease_of_a_refresh() -> None:
    assert LEASE.total_seconds() > provider_api.CALL + 5


def test_steps_keep_their_own_shorter_times(dripping: Dripping, googledrive: Integration) -> None:
    import httpx2

    with httpx2.Client(transport=Deadline(60), timeout=0.2) as client, pytest.raises(httpx2.ReadTimeout):
        client.get(dripping(b"", b""))
