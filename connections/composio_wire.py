"""HTTP for Composio's client, over the same transport as everything else here: it ends by a moment.

The client wants httpx, and brings transports that time out one read at a time; ours is httpx2's (deadline.py).
"""

from typing import override

import httpx
import httpx2

from connections.deadline import Deadline


class Wire(httpx.BaseTransport):
    """For one short conversation: `seconds` after it was made, every read and write times out."""

    def __init__(self, seconds: float) -> None:
        self._transport = Deadline(seconds)

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = httpx2.Request(
            request.method,
            str(request.url),
            headers=request.headers.raw,
            content=request.read(),
            extensions={"timeout": request.extensions["timeout"]},
        )
        try:
            answer = self._transport.handle_request(sent)
            body = b"".join(answer.iter_raw())
        except httpx2.TimeoutException:
            # `from None`, twice: the other exception holds the request, with our key in it.
            raise httpx.ReadTimeout("", request=request) from None
        except httpx2.HTTPError:
            raise httpx.ConnectError("", request=request) from None
        return httpx.Response(answer.status_code, headers=answer.headers.raw, content=body)

    @override
    def close(self) -> None:
        self._transport.close()
