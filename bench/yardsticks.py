"""ASGI applications that do next to nothing: what the server itself costs."""

import asyncio
import json
import time
from typing import Any

# As long as the answers with a token are, on average.
BODY = json.dumps({"access_token": "x" * 130, "expires_at": None, "token_type": "Bearer"}).encode()
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}
END = {"type": "http.response.body", "body": BODY}


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The same JSON to everybody."""
    if scope["type"] == "http":
        await send(START)
        await send(END)


# An event as our streams write it: once under its name, once under its old one.
_DATA = json.dumps(
    {
        "id": "evt_" + "0" * 24,
        "at": "2026-01-01T00:00:00.000000Z",
        "kind": "connection.changed",
        "slug": "notion",
        "connection_id": "0" * 36,
    }
)
EVENT = "".join(
    f"id: evt_{'0' * 24}\nevent: {name}\ndata: {_DATA}\n\n" for name in ("connection.changed", "connection_updated")
).encode()
STREAM = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
queues: list[asyncio.Queue[bytes]] = []


async def fan_out(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """One queue for each stream; `/ring` feeds them all, and answers when it began to."""
    if scope["type"] == "http" and scope["path"] == "/ring":
        started = time.monotonic()
        for queue in queues:
            queue.put_nowait(EVENT)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(started).encode()})
    elif scope["type"] == "http":
        queue = asyncio.Queue()
        queues.append(queue)
        await send(STREAM)
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        while True:
            await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})
