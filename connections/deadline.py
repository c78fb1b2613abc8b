"""HTTP to a provider that must be over by a moment, whatever the provider does.

HTTP clients time out one read at a time, so a server that drips bytes, in headers or body, holds a call for as long as
it likes. Here each read may last until the deadline at most. Only the search for the host's address is not ours to end.
"""

import ssl
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore2
import httpx2


class Deadline(httpx2.HTTPTransport):
    """A transport for one short conversation: `seconds` after it was made, every read and write times out."""

    def __init__(self, seconds: float) -> None:
        super().__init__(verify=_tls())
        self._pool = httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=_Network(time.monotonic() + seconds))


class _Network(httpcore2.NetworkBackend):
    def __init__(self, end: float) -> None:
        self._end, self._sockets = end, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        wait = _left(self._end, timeout)
        return _Stream(self._sockets.connect_tcp(host, port, wait, local_address, socket_options), self._end)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, end: float) -> None:
        self._stream, self._end = stream, end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._end, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._end, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(self._end, timeout)), self._end)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(end: float, timeout: float | None) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return min(left, timeout) if timeout is not None else left


@cache
def _tls() -> ssl.SSLContext:
    """One for the whole process: loading the world's certificates takes longer than many a call."""
    return httpx2.create_ssl_context()
