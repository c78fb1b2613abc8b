"""One request through the provider proxy: to the provider in pieces, and its answer back in pieces."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import override

import httpx2
from django.core.cache import cache

from connections import credentials
from connections.catalog import Proxy
from connections.errors import CredentialError, ProviderError
from connections.models import Connection, Integration
from deployments import proxied, vending
from deployments.asgi_door import Receive, Scope, Send, header, in_thread
from deployments.errors import ApiError
from deployments.models import ApiKey
from deployments.renewals import Renewals

logger = logging.getLogger(__name__)

KEPT = 256 * 1024  # bytes of a request body that are kept, so that the request can be made again
# Seconds. `read` counts until the answer begins; what has begun may take its time, as a stream of events does.
WAITS: dict[str, float | None] = {"connect": 10.0, "pool": 10.0, "write": 60.0, "read": 300.0}
IN_VAIN = 60  # seconds without another renewal after one that did not help: then the token is not what is wrong


class Gone(Exception):
    """The tool hung up."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Leave to call a provider: for which key, over which connection, with which credential."""

    key: ApiKey
    connection: Connection
    # Kept beside the connection, which forgets it when it is read anew.
    integration: Integration
    # Where the account's API is; some providers give each account a host or a path of its own.
    api_url: str
    proxy: Proxy
    credential: str = field(repr=False)

    @property
    def name(self) -> str:
        """The provider's, for people."""
        return self.integration.provider.name


class Body(httpx2.AsyncByteStream):
    """A tool's request body: a short one is kept and can be sent `again`, any other passes by in pieces."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive, self._more, self._head = receive, True, b""
        self._chunked = header(scope, b"transfer-encoding") is not None
        declared = header(scope, b"content-length")
        if declared is not None and not (declared.isascii() and declared.isdigit()):
            raise ApiError("validation_failed", "Content-Length must be a number.")
        self._length = None if declared is None or self._chunked else int(declared)
        self.again = False
        self.over = asyncio.Event()  # nothing more of it is wanted from the tool

    async def read_ahead(self) -> None:
        """Keep it, if it is known to be short or has no length."""
        if self._chunked or (self._length or 0) > KEPT:
            return
        while self._more and len(self._head) <= KEPT:
            self._head += await self._next()
        self.again = not self._more

    @property
    def framing(self) -> list[tuple[bytes, bytes]]:
        """How its end is told. A length stays a length: not every provider takes an upload of unknown size."""
        if self.again:
            return [(b"content-length", b"%d" % len(self._head))] if self._head or self._length is not None else []
        if self._length is not None:
            return [(b"content-length", b"%d" % self._length)]
        return [(b"transfer-encoding", b"chunked")]

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._head:
            yield self._head
        while self._more:
            if piece := await self._next():
                yield piece
        self.over.set()

    async def hung_up(self) -> None:
        """Returns when the tool is gone. Only looks once the body is over, since both come through one channel."""
        await self.over.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        self._more = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece


class Exchange:
    """A request, and the answer to it."""

    def __init__(
        self, outlet: httpx2.AsyncHTTPTransport, renewals: Renewals, passage: Passage, scope: Scope, path: bytes
    ) -> None:
        self._outlet, self._renewals, self._passage, self._scope = outlet, renewals, passage, scope
        self._api_url = passage.api_url
        # Before anything is sent: a path that can't be is refused here.
        self._target = proxied.target(self._api_url, path, scope["query_string"])

    async def run(self, body: Body, send: Send) -> None:
        """Ask and pass the answer back; ask once more after a 401 that a renewed token may mend."""
        answer = await self._ask(self._passage, body)
        try:
            if answer.status_code == 401 and self._passage.connection.renewable:
                answer = await self._asked_again(answer, body)
            await self._pass_back(answer, send)
        finally:
            await answer.aclose()

    async def _asked_again(self, answer: httpx2.Response, body: Body) -> httpx2.Response:
        """The answer to the request with a renewed token. Renews also for a body that is gone: the next one will do."""
        renewed = await self._renewed(self._passage)
        if renewed is None:
            return answer
        if body.again:
            await answer.aclose()
            answer = await self._ask(renewed, body)
        if answer.status_code == 401:
            await in_thread(cache.set, _in_vain(self._passage), "yes", IN_VAIN)
        return answer

    async def _renewed(self, passage: Passage) -> Passage | None:
        """With a token other than the rejected one; None where there is none to be had now. Raises `ApiError`."""
        if await in_thread(cache.get, _in_vain(passage)):
            return None
        try:
            token = await self._renewals(credentials.renew, passage.connection, passage.credential)
        except ProviderError:
            return None  # for now; the provider's own 401 says enough
        except CredentialError as error:
            raise vending.refusal(error, passage.key, passage.integration.slug) from error
        return replace(passage, credential=token.access_token) if token.access_token != passage.credential else None

    async def _ask(self, passage: Passage, body: Body) -> httpx2.Response:
        """Send the request; returns when the answer's headers are there. Raises `ApiError`."""
        waits = dict(WAITS)
        try:
            answer = await self._outlet.handle_async_request(self._request(passage, body, waits))
        except httpx2.LocalProtocolError:
            raise ApiError("validation_failed", "The request holds a header that can't be sent on.") from None
        except httpx2.TimeoutException:
            raise ApiError("upstream_error", f"{passage.name} did not answer in time. Try again in a moment.") from None
        except httpx2.HTTPError:
            raise ApiError("upstream_error", f"{passage.name} could not be reached. Try again in a moment.") from None
        finally:
            body.over.set()
        if not 200 <= answer.status_code <= 599:
            await answer.aclose()
            raise ApiError("upstream_error", f"{passage.name} gave an answer that can't be passed on.")
        waits["read"] = None
        return answer

    def _request(self, passage: Passage, body: Body, waits: dict[str, float | None]) -> httpx2.Request:
        url, target, proxy = httpx2.URL(self._api_url), self._target, passage.proxy
        if prefix := proxy.prefix(passage.credential):
            target = proxied.with_prefix(target, self._api_url, prefix)
        if proxy.query:
            path, _, query = target.partition(b"?")
            target = path + b"?" + proxied.with_credential(query, proxy.query, passage.credential)
        defaults = passage.integration.provider.api_headers.items()
        headers = proxied.onward(self._scope["headers"], proxy, defaults, passage.credential)
        return httpx2.Request(
            self._scope["method"],
            url,
            headers=[(b"host", url.netloc), *headers, *body.framing],
            stream=body,
            extensions={"timeout": waits, "target": target},
        )

    async def _pass_back(self, answer: httpx2.Response, send: Send) -> None:
        headers = proxied.back(answer.headers.raw, answer.status_code, self._passage.credential)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": list(headers)})
        try:
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except httpx2.HTTPError:
            # Without its end the answer is not complete, and the server cuts the connection.
            logger.warning("%s broke off in the middle of an answer", self._passage.name)
            return
        await send({"type": "http.response.body", "body": b""})


def _in_vain(passage: Passage) -> str:
    return f"renewed-in-vain:{passage.connection.pk}"
