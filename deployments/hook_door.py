"""Inbound webhooks, POST /hooks/<connection external id>: verified the provider's own way, then handed to the tool.

Providers go by the status and send again what did not get a 2xx, over hours or days. So what can't be delivered now
(nothing bound, a tool that does not run) is a 503, and only what will never be right is a 4xx: an unknown or revoked
connection 404, a message that is not genuine 412, one that is too large 413.
"""

import asyncio
import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import override
from uuid import UUID

from django.http import HttpResponse

from connections import variables
from connections.catalog import Webhook
from connections.models import Connection
from deployments import deliveries, forwarding, front_door, proxied
from deployments.asgi_door import Application, Door, Receive, Scope, Send, header, in_thread, send_response
from deployments.deliveries import Message, Taken
from deployments.errors import ApiError
from deployments.forwarding import Answer
from deployments.webhook_delivery import WebhookDelivery

ADDRESS = re.compile(r"/hooks/(vendo_conn_[0-9a-f]{24})/?")
LARGEST = 1024 * 1024  # bytes of a body
ARRIVES_WITHIN = 20.0  # seconds for the whole body
AT_ONCE = 40  # messages of one connection under way; Telegram sends so many at a time
OF_ONE_TENANT = 200
AN_HOUR = 20_000  # messages of one workspace: each is a row for a month
NOTED = 20  # messages of one connection that are not genuine, in the log of one hour
LATER = 30  # seconds until the next try is worth it

Status = WebhookDelivery.Status


@dataclass(frozen=True, slots=True)
class Inlet:
    """A live connection whose provider sends webhooks. `secret` is None where the connection was made without one."""

    connection: Connection
    webhook: Webhook
    secret: str | None = field(repr=False)


class HookDoor(Door):
    """Answers /hooks/… in front of `behind`."""

    def __init__(self, behind: Application) -> None:
        super().__init__(behind)
        self._under_way: Counter[UUID] = Counter()  # of connections and of tenants

    @override
    def takes(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith("/hooks/") or path == "/hooks"

    @override
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("",))[0]
        found = ADDRESS.fullmatch(scope["path"])
        if found is None:
            raise ApiError("not_found", suggested_fix=FIX)
        if scope["method"] != "POST":
            raise ApiError("method_not_allowed", "Webhooks are sent with POST.", headers={"Allow": "POST"})
        inlet = await in_thread(_inlet, found[1], address)
        with self._room(inlet.connection):
            body = await _body(scope, receive)
            if body is None:
                return  # the provider hung up
            message = await in_thread(_genuine, inlet, scope, body, address)
            taken = await in_thread(deliveries.receive, inlet.connection, message)
            answers = await asyncio.gather(*(_handled(each, message) for each in taken))
        # Of several deployments, the first that has not got it decides: the provider sends again, and only to those.
        reply = next((reply for well, reply in answers if not well), answers[0][1])
        if isinstance(reply, ApiError):
            raise reply
        await send_response(send, reply)

    @contextlib.contextmanager
    def _room(self, connection: Connection) -> Iterator[None]:
        """For one more message. Raises `ApiError`."""
        whose = (connection.pk, connection.tenant_id)
        if self._under_way[whose[0]] >= AT_ONCE or self._under_way[whose[1]] >= OF_ONE_TENANT:
            raise ApiError("rate_limited", "Too many webhooks are under way. Send this one again.", retry_after=5)
        self._under_way.update(whose)
        try:
            yield
        finally:
            self._under_way -= Counter(whose)  # which forgets those at zero


FIX = "Copy the webhook address from the connection's page once more."


def _inlet(external_id: str, address: str) -> Inlet:
    """Whose address this is. Unknown, revoked and of a provider without webhooks look alike. Raises `ApiError`."""
    rows = Connection.everyone.filter(status__in=Connection.LIVE, integration__enabled=True)
    connection = rows.select_related("integration", "tenant").filter(external_id=external_id).first()
    webhook = connection.integration.provider.webhook if connection else None
    if connection is None or webhook is None:
        front_door.count_failure(address, "webhook address")
        raise ApiError("not_found", suggested_fix=FIX)
    return Inlet(connection, webhook, variables.further_secrets(connection).get(webhook.secret))


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None where the sender hung up. Raises `ApiError`."""
    too_large = ApiError("validation_failed", f"A webhook may have {LARGEST // 1024} KiB.", status=413)
    declared = header(scope, b"content-length") or ""
    if declared.isdigit() and int(declared[:12]) > LARGEST:
        raise too_large
    body, more = bytearray(), True  # which grows in place, however small the pieces are
    try:
        async with asyncio.timeout(ARRIVES_WITHIN):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > LARGEST:
                    raise too_large
    except TimeoutError:
        raise ApiError("validation_failed", "The body took too long to arrive. Send it again.", status=408) from None
    return bytes(body)


def _genuine(inlet: Inlet, scope: Scope, body: bytes, address: str) -> Message:
    """What was sent, once it is certain that the provider sent it. Raises `ApiError` 412."""
    received = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    headers = dict(reversed(received))  # the first of several alike
    if not inlet.secret or not inlet.webhook.verify(headers, body, inlet.secret, time.time()):
        why = "Its signature does not hold." if inlet.secret else "This connection has no webhook secret."
        _note_refused(inlet.connection, len(body), why)
        front_door.count_failure(address, "webhook signature")
        raise ApiError("validation_failed", f"This webhook was not accepted. {why}", status=412)
    if deliveries.counted("genuine", inlet.connection.tenant_id) > AN_HOUR:
        raise ApiError("rate_limited", "This workspace was sent too much within the hour.", retry_after=LATER)
    onward = proxied.end_to_end(scope["headers"], proxied.TO_US)
    kept = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in onward)
    return Message(headers=kept, body=body, event_id=inlet.webhook.event_id(headers, body))


def _note_refused(connection: Connection, size: int, why: str) -> None:
    """For the tenant to see; whoever sends a thousand of them fills no table."""
    if deliveries.counted("refused", connection.pk) <= NOTED:
        deliveries.note_refused(connection, size, why)


async def _handled(taken: Taken, message: Message) -> tuple[bool, HttpResponse | ApiError]:
    """Whether the message has got there, and what to tell the provider."""
    if taken.forward:
        answer = await forwarding.forward(taken.row, message)
        return answer.well, _passed_back(answer)
    if taken.row.status == Status.DELIVERED:
        return True, HttpResponse(b'{"duplicate": true}', content_type="application/json")
    detail = deliveries.UNDER_WAY if taken.row.status == Status.FORWARDING else taken.row.detail
    return False, ApiError("upstream_error", f"{detail} Send it again later.", status=503, retry_after=LATER)


def _passed_back(answer: Answer) -> HttpResponse | ApiError:
    if answer.status is None:
        return ApiError("upstream_error", answer.detail)
    # Under our own host name: nothing in it may act as a page of ours.
    safe = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    kind = "application/json" if answer.body else "text/plain; charset=utf-8"
    return HttpResponse(answer.body, status=answer.status, content_type=kind, headers=safe)
