"""The web process: uvicorn on a socket that notices clients who vanished.

    python -m vendo_site.serve [--host ADDRESS] [--port PORT] [APPLICATION]

An event stream may be silent for long, and a client whose machine or network is gone says no farewell: TCP has to find
out, since its place among the app's five streams must be free within 30 seconds (contract section 5).
"""

import argparse
import logging
import socket
import sys
from contextlib import closing

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

logger = logging.getLogger("uvicorn.error")

# Silence of 10 s, then a question every 5 s: gone after three without an answer. Data that is not confirmed within 20 s
# counts as the same (Linux alone). Systems that do not know an option do without it.
OPTIONS = {"TCP_KEEPIDLE": 10, "TCP_KEEPALIVE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
HEAD = 256 * 1024  # bytes that the address and headers of a request may have; one read brings no more than that
FAREWELL = 3  # seconds that requests have to end when the server stops


class Protocol(HttpToolsProtocol):
    """Hangs up on a request whose address and headers have no end: its parser would gather them, slower and slower."""

    head = 0  # bytes of the present request's head, as far as it came in pieces
    in_head = False

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body follows, which may be as long as it likes."""
        self.in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """A piece came in."""
        super().data_received(data)
        self.head = self.head + len(data) if self.in_head else 0
        if self.head > HEAD:
            self.transport.close()


class Server(uvicorn.Server):
    """Ends event streams before it waits for requests to end, since they never would."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        # Imported with the application, which sets Django up first; without it no stream is open.
        if "deployments.event_hub" not in sys.modules:
            await super().shutdown(sockets)
            return
        hub = sys.modules["deployments.event_hub"].here()
        hub.end_all()
        await super().shutdown(sockets)
        await hub.settled()


def listening(host: str, port: int) -> socket.socket:
    """A listening socket. Those that it accepts have its options."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in OPTIONS.items():
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return listener


def load(config: uvicorn.Config) -> None:
    """Load the application. Ends the process where Django's checks fail, with the reason, as the other processes do."""
    config.load()
    if not settings.configured:  # another application than ours
        return
    try:
        BaseCommand().check()
    except CommandError as error:
        sys.exit(str(error))


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m vendo_site.serve", description="The web process.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    parser.add_argument("application", nargs="?", default="vendo_site.asgi:application", help="default: %(default)s")
    wanted = parser.parse_args()
    config = uvicorn.Config(wanted.application, http=Protocol, access_log=False, timeout_graceful_shutdown=FAREWELL)
    load(config)
    with closing(listening(wanted.host, wanted.port)) as listener:
        logger.info("Listening on %s, port %d", *listener.getsockname()[:2])
        Server(config).run([listener])


if __name__ == "__main__":
    main()
