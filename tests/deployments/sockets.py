"""A WebSocket's other end, in the same process. (That of Channels wants a second web server to be installed.)"""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket:
    """One socket of `application`, as a page sees it."""

    def __init__(self, application: Any, scope: dict[str, Any]) -> None:
        scope = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": []} | scope
        self._server: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def open(self) -> bool:
        """Shake hands; whether the other side agreed."""
        await self._server.send_input({"type": "websocket.connect"})
        answer = await self._server.receive_output(timeout=30)
        return bool(answer["type"] == "websocket.accept")

    async def say(self, **message: Any) -> None:
        """Send a message, well-formed or not."""
        await self._server.send_input({"type": "websocket.receive"} | message)

    async def hear(self, within: float = 5) -> Any:
        """The next message's JSON."""
        message = await self._server.receive_output(timeout=within)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def quiet(self, during: float = 0.2) -> bool:
        """Whether nothing comes."""
        return bool(await self._server.receive_nothing(timeout=during))

    async def close_code(self) -> int:
        """The code with which the other side closes."""
        message = await self._server.receive_output(timeout=30)
        assert message["type"] == "websocket.close", message
        code: int = message["code"]
        return code

    async def leave(self) -> None:
        """Close the tab."""
        await self._server.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._server.wait(timeout=30)
