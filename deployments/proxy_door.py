"""The provider proxy, ANY /proxy/<slug>/<path>: a provider's API with the real credential in place of an API key.

Bodies stream both ways, so neither a large upload nor an endless answer is ever held here. Whoever goes away ends it
for the other: a tool that hangs up has the provider's connection closed at once, and a provider that breaks off has the
tool's connection cut, so that half an answer never looks like a whole one. A redirect passes through like any other
answer and is never followed here.
"""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import override
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID
from weakref import WeakKeyDictionary

from connections.credentials import Token, fresh_token, token_at_hand
from connections.errors import CredentialError
from connections.models import Connection
from deployments import front_door, proxied, vending
from deployments.asgi_door import Application, Door, Receive, Scope, Send, header, in_thread
from deployments.errors import ApiError
from deployments.models import ApiKey
from deployments.outlets import Outlets
from deployments.proxy_exchange import Body, Exchange, Gone, Passage
from deployments.renewals import Renewals

AT_ONCE = 200  # requests of one key under way
OF_ONE_TENANT = 500  # of all its keys together; whoever may mint one may mint many
METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}")  # RFC 9110 section 9.1
NEVER = {"CONNECT", "TRACE"}  # a tunnel, and an echo of the request with the credential in it


class ProxyDoor(Door):
    """Answers /proxy/… in front of `behind`."""

    def __init__(self, behind: Application) -> None:
        super().__init__(behind)
        self._outlets: WeakKeyDictionary[asyncio.AbstractEventLoop, Outlets] = WeakKeyDictionary()
        self._under_way: Counter[UUID] = Counter()  # of keys and of tenants
        self._renewals = Renewals()

    @override
    def takes(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith("/proxy/") or path == "/proxy"

    @override
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        key, connection, api_url, at_hand, path = await in_thread(_open, scope)
        integration = connection.integration  # which a renewal makes the row forget
        proxy = integration.provider.proxy
        assert proxy is not None
        with self._room(key):
            token = at_hand or await self._renewed(key, connection)
            passage = Passage(key, connection, integration, api_url, proxy, token.access_token)
            async with self._here().of(key.tenant_id) as outlet:
                exchange = Exchange(outlet, self._renewals, passage, scope, path)
                await _while_somebody_listens(exchange, Body(scope, receive), send)

    @contextlib.contextmanager
    def _room(self, key: ApiKey) -> Iterator[None]:
        """For one more request. Raises `ApiError`."""
        for whose, most, name in ((key.pk, AT_ONCE, "key"), (key.tenant_id, OF_ONE_TENANT, "workspace")):
            if self._under_way[whose] >= most:
                raise ApiError("rate_limited", f"This {name} has {most} requests under way already.", retry_after=1)
        self._under_way.update((key.pk, key.tenant_id))
        try:
            yield
        finally:
            self._under_way -= Counter((key.pk, key.tenant_id))  # which forgets those at zero

    async def _renewed(self, key: ApiKey, connection: Connection) -> Token:
        try:
            return await self._renewals(fresh_token, connection)
        except CredentialError as error:
            raise vending.refusal(error, key, connection.integration_id) from error

    async def aclose(self) -> None:
        """Close what this event loop keeps open to providers."""
        kept = self._outlets.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept.aclose()

    def _here(self) -> Outlets:
        """Those of the running loop: connections belong to one."""
        loop = asyncio.get_running_loop()
        if loop not in self._outlets:
            self._outlets[loop] = Outlets()
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


def _open(scope: Scope) -> tuple[ApiKey, Connection, str, Token | None, bytes]:
    """Who may call what: the key, its connection, its API's base, the token if none is to be renewed, and the path.

    Raises `ApiError`.
    """
    key = front_door.identify(authorization(scope), (scope.get("client") or ("",))[0])
    slug, path = proxied.split(scope.get("raw_path") or quote(scope["path"]).encode())
    if scope["method"] in NEVER or not METHOD.fullmatch(scope["method"]):
        raise ApiError("method_not_allowed", "This method does not go through the proxy.")
    _refuse_unfit(scope)
    connection = vending.chosen(key, slug, header(scope, b"x-vendo-connection"))
    provider = connection.integration.provider
    if provider.proxy is None:
        fix = f"Fetch a token from /credentials/{slug} and call {provider.name} with it."
        message = f"{provider.name} is not reached through the proxy."
        raise ApiError("validation_failed", message, slug=slug, suggested_fix=fix)
    try:
        # In this order: a connection that was given up says so, whatever is left of its address.
        at_hand, api_url = token_at_hand(connection), connection.api_url
    except CredentialError as error:
        raise vending.refusal(error, key, slug) from error
    return key, connection, api_url, at_hand, path


def _refuse_unfit(scope: Scope) -> None:
    """Refuse what would reach the provider in another form than the tool sent it, or with the tool's key in it."""
    if (header(scope, b"transfer-encoding") or "chunked").strip().lower() != "chunked":
        raise ApiError("validation_failed", "Send the body as it is, or in chunks: no other encoding is passed on.")
    key = (front_door.bearer(authorization(scope)) or "").encode()
    elsewhere = [value for name, value in scope["headers"] if name not in {b"authorization", b"x-api-key"}]
    if any(key in unquote_to_bytes(text) for text in (scope.get("raw_path") or b"", scope["query_string"], *elsewhere)):
        raise ApiError(
            "validation_failed",
            "The address or another header repeats the API key, which the provider must not see. Send it in "
            "Authorization alone.",
        )


def authorization(scope: Scope) -> str:
    """The key's header. It may also come as `x-api-key`, as clients of some providers send theirs."""
    sent, bare = header(scope, b"authorization") or "", header(scope, b"x-api-key")
    return f"Bearer {bare}" if bare and front_door.bearer(sent) is None else sent
