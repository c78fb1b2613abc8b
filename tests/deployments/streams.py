"""An event stream's other end, in the same process."""

from typing import Any

from asgiref.testing import ApplicationCommunicator

from deployments.event_door import PATH, EventDoor


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the door here."""
    raise AssertionError(f"{scope['path']} is the door's")


class Listener:
    """A client of the event door."""

    def __init__(
        self,
        key: str = "",
        *,
        last_id: str | bytes = b"",
        query: str = "",
        method: str = "GET",
        application: Any = None,
    ) -> None:
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        if last_id:
            headers.append((b"last-event-id", last_id.encode() if isinstance(last_id, str) else last_id))
        scope = {
            "type": "http",
            "method": method,
            "path": PATH,
            "query_string": query.encode("latin-1"),
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        self._server: Any = ApplicationCommunicator(application or EventDoor(nobody), scope)  # type: ignore[no-untyped-call]

    async def answer(self) -> tuple[int, dict[str, str]]:
        """Ask; status and headers of the answer."""
        await self._server.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self._server.receive_output(timeout=10)
        assert start["type"] == "http.response.start"
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}

    async def open(self) -> "Listener":
        """Ask, and be let in."""
        status, _ = await self.answer()
        assert status == 200
        assert await self.piece() == b": listening\n\n"
        return self

    async def piece(self, within: float = 5) -> bytes:
        """What is written next, as it is written."""
        message = await self._server.receive_output(timeout=within)
        assert message["type"] == "http.response.body", message
        body: bytes = message["body"]
        return body

    async def hear(self, within: float = 5) -> str:
        """The id of the next event, which comes under both its names."""
        blocks = (await self.piece(within)).decode().removesuffix("\n\n").split("\n\n")
        first, second = (dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks)
        assert first["id"] == second["id"]
        assert first["data"] == second["data"]
        return first["id"]

    async def quiet(self, during: float = 0.3) -> bool:
        """Whether nothing comes."""
        return bool(await self._server.receive_nothing(timeout=during))

    async def leave(self) -> None:
        """Hang up."""
        await self._server.send_input({"type": "http.disconnect"})
        await self._server.wait(timeout=30)
