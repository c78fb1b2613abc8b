"""ASGI applications that do next to nothing: what the server itself costs."""

import json
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
