"""`GET /api/deployments/me/events`: what happens to an app's connections, as server-sent events (contract section 5).

The request's own task opens the stream and then waits for the client to go; all writing is the hub's (`event_hub.py`).
A stream whose key is revoked or expires ends within 25 seconds.
"""

import asyncio
import time
from urllib.parse import parse_qs
from uuid import UUID

from deployments import event_hub, event_seats, event_wire
from deployments.asgi_door import Door, Receive, Scope, Send, header, identify, in_thread
from deployments.errors import ApiError
from deployments.event_hub import Hub
from deployments.event_stream import Stream
from deployments.models import ApiKey

PATH = "/api/deployments/me/events"
METHODS = ("GET", "HEAD")
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
    ],
}
# A page that is loaded anew comes back before its old stream is known to be gone, and takes a refusal for final.
PATIENCE = 2.0  # seconds
AGAIN = 0.2


class EventDoor(Door):
    """The address of the event stream."""

    def takes(self, scope: Scope) -> bool:
        """That one path."""
        return bool(scope["path"] == PATH)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A stream, for as long as the client wants it."""
        if scope["method"] not in METHODS:
            raise ApiError("method_not_allowed", headers={"Allow": ", ".join(METHODS)})
        if scope["method"] == "HEAD":
            await _app_key(scope)
            await send(START)
            await send({"type": "http.response.body", "body": b""})
            return
        hub = event_hub.here()
        stream = await _open(hub, scope, send)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            hub.leave(stream)


async def _open(hub: Hub, scope: Scope, send: Send) -> Stream:
    """A stream that has begun. Raises `ApiError`."""
    key = await _app_key(scope)
    app_id, tenant_id = key.app_id, key.tenant_id
    assert app_id is not None
    # Before the client knows that it listens, so that it hears of everything from that moment on.
    cursor = await in_thread(event_wire.start_of, app_id, last_event_id(scope))
    stream = Stream(send, app_id=app_id, key_id=key.pk, seat=await _seat(hub, app_id), cursor=cursor)
    try:
        await send(START)
        await send({"type": "http.response.body", "body": event_wire.HELLO, "more_body": True})
    except BaseException:
        hub.give_back(stream.seat)
        raise
    hub.join(stream, tenant_id)
    return stream


async def _app_key(scope: Scope) -> ApiKey:
    """The key that was sent. Raises `ApiError`, for a key of a single connection too: it has no app to hear about."""
    key = await identify(scope)
    if key.app_id is None:
        raise ApiError("app_unknown", "This key is for one connection. Send a key of the app.")
    return key


async def _seat(hub: Hub, app_id: UUID) -> int:
    """One of the app's seats. Raises `ApiError` `rate_limit_sse_streams` when none becomes free in a moment."""
    deadline = time.monotonic() + PATIENCE
    while (seat := await in_thread(event_seats.take, app_id, hub.holder)) is None:
        if time.monotonic() > deadline:
            raise ApiError("rate_limit_sse_streams")
        await asyncio.sleep(AGAIN)
    return seat


def last_event_id(scope: Scope) -> str | None:
    """What the client says it heard last; None if it says nothing. Browsers keep the header up to date, not the URL."""
    sent = header(scope, b"last-event-id")
    if not sent:
        sent = parse_qs(scope["query_string"].decode("latin-1")).get("last_event_id", [""])[-1]
    return sent or None
