"""One open event stream: what it was told, and what still has to be written to a client that reads slowly."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from deployments.asgi_door import Send

logger = logging.getLogger(__name__)

MOST = 64  # pieces that wait for one client; what comes then is read from the table again


class Stream:
    """The hub writes to it; the request's own task does nothing but wait for the client to go.

    A write to a client that keeps up is done when `tell` returns. A task lives only while the client doesn't.
    """

    __slots__ = ("_ended", "_send", "_waiting", "_writing", "app_id", "behind", "cursor", "key_id", "room", "seat")

    def __init__(self, send: Send, *, app_id: UUID, key_id: UUID, seat: int, cursor: int) -> None:
        self.app_id, self.key_id, self.seat = app_id, key_id, seat
        self.cursor = cursor  # the sequence up to which it was told
        self.behind = False  # there was no room; it goes on from `cursor` when there is
        self._send = send
        self.room: Callable[[UUID], None] | None = None  # told the app when there is
        self._waiting: list[bytes] = []
        self._writing: asyncio.Task[None] | None = None
        self._ended = False

    def tell(self, sequence: int, piece: bytes) -> None:
        """Write an event, unless it was told or the stream is behind. Events come in their order."""
        if sequence <= self.cursor or self.behind or self._ended:
            return
        if len(self._waiting) >= MOST:
            self.behind = True
            return
        self.cursor = sequence
        self._write(piece)

    def ping(self, piece: bytes) -> None:
        """A sign of life, which who has something else to read does not need."""
        if self._writing is None and not self._ended:
            self._write(piece)

    def end(self) -> None:
        """End the answer. The server then reports the client as gone, and the request's task ends too."""
        if not self._ended:
            self._ended = True
            self._waiting = []
            self._write(b"")

    def close(self) -> None:
        """The client is gone, or need not be told more."""
        self._ended, self._waiting = True, []
        if self._writing is not None:
            self._writing.cancel()

    def _write(self, piece: bytes) -> None:
        self._waiting.append(piece)
        if self._writing is None:
            # Runs on the spot until it has to wait, which it does for slow clients alone.
            task = asyncio.Task(self._write_on(), loop=asyncio.get_running_loop(), eager_start=True)
            self._writing = None if task.done() else task

    async def _write_on(self) -> None:
        try:
            while self._waiting:
                pieces, self._waiting = self._waiting, []
                for piece in pieces:
                    await self._send({"type": "http.response.body", "body": piece, "more_body": piece != b""})
        except Exception as error:  # noqa: BLE001  (the client went away, in the words of whichever server)
            logger.info("A stream of app %s was cut off: %s", self.app_id, type(error).__name__)
            self._ended = True
        finally:
            self._writing = None
        if self.behind and not self._ended and self.room:
            self.behind = False
            self.room(self.app_id)
