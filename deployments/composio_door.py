"""`POST /proxy/composio/v1/execute`: one of Composio's actions, with the account that the app uses (section 6).

An action may take two minutes, so it does not go through Django's own threads, nor through those of the other doors.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, override
from uuid import UUID

from django.http import HttpResponse, JsonResponse

from connections import brokered, catalog
from connections.composio import Refused
from connections.credentials import mark_needs_reauth, token_at_hand
from connections.errors import CredentialError, NeedsReauth, ProviderRateLimited
from connections.models import Connection
from deployments import front_door, vending
from deployments.asgi_door import Application, Door, Receive, Scope, Send, header, in_thread, send_response
from deployments.errors import ApiError
from deployments.models import ApiKey
from deployments.proxy_door import authorization

COMPOSIO = "composio"  # in addresses, where a provider has its slug
FOLDER = f"/proxy/{COMPOSIO}"
PATH = f"{FOLDER}/v1/execute"
THREADS = ThreadPoolExecutor(32, thread_name_prefix="composio")
AT_ONCE = 8  # actions of one workspace under way
LARGEST = 1024 * 1024  # bytes of a request
ACTION = re.compile(r"[A-Za-z0-9_-]{1,200}")
UNBOUND = {"binding_missing", "provider_unknown"}


class Wanted(NamedTuple):
    """What a tool asks for: an action, its arguments, and one of the app's connections if it matters which."""

    action: str
    arguments: Mapping[str, Any]
    connection: str | None


class ComposioDoor(Door):
    """Answers /proxy/composio/… in front of `behind`."""

    def __init__(self, behind: Application) -> None:
        super().__init__(behind)
        self._under_way: Counter[UUID] = Counter()

    @override
    def takes(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path == FOLDER or path.startswith(f"{FOLDER}/")

    @override
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH:
            raise ApiError("not_found")
        if scope["method"] != "POST":
            raise ApiError("method_not_allowed", headers={"Allow": "POST"})
        key = await in_thread(front_door.identify, authorization(scope), (scope.get("client") or ("",))[0])
        with self._room(key):
            body = await _whole(receive)
            if body is None:
                return
            wanted = _read(body, header(scope, b"x-vendo-connection"))
            response = await in_thread(_execute, key, wanted, executor=THREADS)
        response.headers["Cache-Control"] = "no-store"
        await send_response(send, response)

    @contextmanager
    def _room(self, key: ApiKey) -> Iterator[None]:
        """For one more action. Raises `ApiError`."""
        tenant = key.tenant_id
        if self._under_way[tenant] >= AT_ONCE:
            raise ApiError("rate_limited", f"This workspace has {AT_ONCE} actions under way already.", retry_after=1)
        self._under_way[tenant] += 1
        try:
            yield
        finally:
            self._under_way -= Counter((tenant,))  # which forgets those at zero


async def _whole(receive: Receive) -> bytes | None:
    """The request's body; None where the tool hung up. Raises `ApiError` for one that is too large."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            raise ApiError("validation_failed", "An action's arguments may take up 1 MB.")
    return bytes(body)


def _read(body: bytes, connection: str | None) -> Wanted:
    """`{"action_id", "args"}`. Raises `ApiError`."""
    try:
        sent: Any = json.loads(body)
        action, arguments = sent["action_id"], sent.get("args") or {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ApiError("validation_failed", 'Send a JSON object with "action_id" and "args".') from None
    if not isinstance(action, str) or not ACTION.fullmatch(action) or not isinstance(arguments, dict):
        raise ApiError("validation_failed", '"action_id" is an action\'s name, and "args" an object.')
    return Wanted(action.upper(), arguments, connection)


def _execute(key: ApiKey, wanted: Wanted) -> HttpResponse:
    """Do it. Raises `ApiError` for refusals of our own; the broker's are told in its words, with its status."""
    toolkit, slug = _toolkit_of(wanted.action)
    connection = _bound(key, slug, wanted.connection) if slug else None
    if connection is None or slug is None:
        return JsonResponse({"error": "binding_missing", "toolkit": toolkit}, status=403)
    try:
        token_at_hand(connection)  # raises where the connection can't be used
        if not connection.broker_account:
            name = connection.integration.provider.name
            return _told(400, f"{name} is connected without Composio here. Use its token or the provider proxy.")
        return JsonResponse({"data": brokered.execute(connection, wanted.action, wanted.arguments)})
    except Refused as refusal:
        return _told(refusal.status, refusal.message)
    except ProviderRateLimited as error:
        return _told(429, error.message, retry_after=error.retry_after)
    except CredentialError as error:
        if isinstance(error, NeedsReauth):
            mark_needs_reauth(connection, error.message)
        raise vending.refusal(error, key, slug) from error


def _toolkit_of(action: str) -> tuple[str, str | None]:
    """The toolkit that an action is named after, and our slug for it; None for those that nobody can connect.

    `SHOP_FRONT_LIST_ORDERS` is one of `shop_front`, should there be a `shop` too. So Composio's own actions, which
    reach everything that our key does, are none of anybody's.
    """
    known = {provider.broker.toolkit: slug for slug, provider in catalog.all_providers().items() if provider.broker}
    named = [toolkit for toolkit in known if action.startswith(f"{toolkit.upper().replace('-', '_')}_")]
    toolkit = max(named, key=len, default="")
    return toolkit or action.partition("_")[0].lower(), known.get(toolkit)


def _bound(key: ApiKey, slug: str, wanted: str | None) -> Connection | None:
    """The connection that the key uses for it, if there is one."""
    try:
        return vending.chosen(key, slug, wanted)
    except ApiError as error:
        if error.code in UNBOUND:
            return None
        raise


def _told(status: int, message: str, *, retry_after: int | None = None) -> HttpResponse:
    """The broker's refusal as it goes to tools, which know it by having no code of ours."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return JsonResponse({"error": message}, status=status, headers=headers)
