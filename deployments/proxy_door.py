"""The provider proxy, ANY /proxy/<slug>/<path>: a provider's API with the real credential in place of an API key.

Bodies stream both ways, so neither a large upload nor an endless answer is ever held here. Whoever goes away ends it
for the other: a tool that hangs up has the provider's connection closed at once, and a provider that breaks off has the
tool's connection cut, so that half an answer never looks like a whole one. A redirect passes through like any other
answer and is never followed here.
"""

import asyncio
import re
from collections import Counter
from typing import override
from urllib.parse import quote
from uuid import UUID
from weakref import WeakKeyDictionary

import httpx2

from connections.credentials import fresh_token
from connections.errors import CredentialError
from deployments import front_door, proxied, vending
from deployments.asgi_door import Application, Door, Receive, Scope, Send, header, in_thread
from deployments.errors import ApiError
from deployments.proxy_exchange import Body, Exchange, Gone, Passage, outlet

AT_ONCE = 200  # requests of one key under way
METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}")  # RFC 9110 section 9.1
NEVER = {"CONNECT", "TRACE"}  # a tunnel, and an echo of the request with the credential in it


class ProxyDoor(Door):
    """Answers /proxy/… in front of `behind`."""

    def __init__(self, behind: Application) -> None:
        super().__init__(behind)
        self._outlets: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncHTTPTransport] = WeakKeyDictionary()
        self._under_way: Counter[UUID] = Counter()

    @override
    def takes(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith("/proxy/") or path == "/proxy"

    @override
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage, path = await in_thread(_open, scope)
        key = passage.key.pk
        if self._under_way[key] >= AT_ONCE:
            raise ApiError("rate_limited", f"This key has {AT_ONCE} requests under way already.", retry_after=1)
        self._under_way[key] += 1
        try:
            await _while_somebody_listens(Exchange(self._outlet(), passage, scope, path), Body(scope, receive), send)
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]

    async def aclose(self) -> None:
        """Close what this event loop keeps open to providers."""
        kept = self._outlets.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept.aclose()

    def _outlet(self) -> httpx2.AsyncHTTPTransport:
        loop = asyncio.get_running_loop()
        if loop not in self._outlets:
            self._outlets[loop] = outlet()
        return self._outlets[loop]


async def _while_somebody_listens(exchange: Exchange, body: Body, send: Send) -> None:
    """Run the exchange, and give it up when the tool hangs up."""
    try:
        await body.read_ahead()
    except Gone:
        return
    work = asyncio.ensure_future(exchange.run(body, send))
    gone = asyncio.ensure_future(body.hung_up())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    except Gone:
        return
    finally:
        work.cancel()
        gone.cancel()
        # It is over for us when it is over for the provider too.
        await asyncio.wait({work, gone})


def _open(scope: Scope) -> tuple[Passage, bytes]:
    """Who may call what: the key, its connection, the credential, and the path to call. Raises `ApiError`."""
    key = front_door.identify(_authorization(scope), (scope.get("client") or ("",))[0])
    slug, path = proxied.split(scope.get("raw_path") or quote(scope["path"]).encode())
    if scope["method"] in NEVER or not METHOD.fullmatch(scope["method"]):
        raise ApiError("method_not_allowed", "This method does not go through the proxy.")
    connection = vending.chosen(key, slug, header(scope, b"x-vendo-connection"))
    provider = connection.integration.provider
    if provider.proxy is None:
        fix = f"Fetch a token from /credentials/{slug} and call {provider.name} with it."
        message = f"{provider.name} is not reached through the proxy."
        raise ApiError("validation_failed", message, slug=slug, suggested_fix=fix)
    try:
        token = fresh_token(connection)
    except CredentialError as error:
        raise vending.refusal(error, key, slug) from error
    return Passage(key, connection, connection.integration, provider.proxy, token.access_token), path


def _authorization(scope: Scope) -> str:
    """The key's header. It may also come as `x-api-key`, as clients of some providers send theirs."""
    sent, bare = header(scope, b"authorization") or "", header(scope, b"x-api-key")
    return f"Bearer {bare}" if bare and front_door.bearer(sent) is None else sent
