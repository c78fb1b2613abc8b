"""An HTTP client of a provider's API, with the token already in it (extra `[http]`)."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING

from vendo import _tokens
from vendo._account import Account
from vendo._flow import run, run_async
from vendo._slugs import checked
from vendo.errors import UpstreamError

try:
    import httpx2
except ImportError as missing:
    raise ImportError("session() needs httpx2, which comes with the extra: pip install 'vendo[http]'") from missing

if TYPE_CHECKING:
    from vendo._flow import Flow

SECONDS = 30.0
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def client(account: Account, slug: str) -> httpx2.Client:
    return httpx2.Client(auth=_TokenAuth(account, checked(slug)), timeout=SECONDS)


def async_client(account: Account, slug: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(auth=_TokenAuth(account, checked(slug)), timeout=SECONDS)


class _TokenAuth(httpx2.Auth):
    """Puts the token on each request, and once more, a fresh one, when it is refused.

    Redirects are the client's business: it follows none unless told to, and leaves the header behind when it goes to
    another host.
    """

    def __init__(self, account: Account, slug: str) -> None:
        self._account = account
        self._slug = slug

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        _put(request, run(self._token()))
        response = yield request
        if self._is_worth_another_try(request, response):
            response.read()  # gives the connection back
            _put(request, run(self._token()))
            yield request

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        _put(request, await run_async(self._token()))
        response = yield request
        if self._is_worth_another_try(request, response):
            await response.aread()
            _put(request, await run_async(self._token()))
            yield request

    def _token(self) -> Flow[str]:
        return _tokens.token(self._account, self._slug)

    def _is_worth_another_try(self, request: httpx2.Request, response: httpx2.Response) -> bool:
        """The token was refused before its time, by the host that it was for, and the body can be sent again."""
        if response.status_code != 401 or _origin(response.request) != _origin(request):
            return False
        self._account.cache.forget(self._slug)
        return _is_at_hand(request)


def _put(request: httpx2.Request, token: str) -> None:
    # Refused here in our words: the client's complaint would quote the header.
    if not _PRINTABLE.fullmatch(token):
        raise UpstreamError("The token holds a blank or a character that no header can carry.", code="invalid_token")
    request.headers["Authorization"] = f"Bearer {token}"


def _origin(request: httpx2.Request) -> tuple[str, str, int | None]:
    return request.url.scheme, request.url.host, request.url.port


def _is_at_hand(request: httpx2.Request) -> bool:
    """Whether the body is in memory; one that was streamed is gone."""
    try:
        return request.content is not None
    except httpx2.RequestNotRead:
        return False
