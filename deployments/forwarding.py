"""A provider's message on its way to a deployment: signed by us, sent once, and what came back.

The tool gets it as `POST /webhooks/<slug>` with the provider's own headers and body (contract section 6).
"""

import asyncio
import hmac
import ssl
import time
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import httpx2

from connections import vault
from deployments import deliveries
from deployments.asgi_door import in_thread
from deployments.deliveries import Message
from deployments.environment import WEBHOOK_SECRET
from deployments.models import EnvironmentVariable
from deployments.webhook_delivery import WebhookDelivery

WITHIN = 20.0  # seconds for the tool's whole answer; providers wait for ten to sixty
CONNECT = 5.0  # seconds
LONGEST = 64 * 1024  # bytes of an answer that are passed back
# Reading all the world's certificates takes longer than the request.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The deployment's. `status` is None where there was none, and `detail` says why."""

    status: int | None
    detail: str = ""
    # What it answered as JSON, "" for anything else: some providers read it.
    body: bytes = field(default=b"", repr=False)

    @property
    def well(self) -> bool:
        """Whether it took the message."""
        return self.status is not None and 200 <= self.status < 300


def path_of(slug: str) -> str:
    """Where a tool takes a provider's messages."""
    return f"/webhooks/{slug}"


async def forward(row: WebhookDelivery, message: Message) -> Answer:
    """Send it and write down how that went. The row must be taken (`deliveries.receive`)."""
    began = time.monotonic()
    try:
        request = await in_thread(_request, row, message)
        answer = await _sent(request)
    except vault.VaultError:
        answer = Answer(status=None, detail="The deployment's webhook secret does not open.")
    took = round((time.monotonic() - began) * 1000)
    await in_thread(_finish, row, answer, took)
    return answer


async def forward_again(delivery_id: UUID) -> None:
    """Forward what somebody wants to have sent once more, unless that has happened by now."""
    row = await in_thread(_on_its_way, delivery_id)
    if row is None:
        return
    if not await in_thread(deliveries.is_awaited, row):
        # Where it listened, another's tool may listen by now.
        await in_thread(_finish, row, Answer(status=None, detail=deliveries.GIVEN_UP), 0)
        return
    try:
        message = await in_thread(Message.of, row)
    except vault.VaultError:
        await in_thread(_finish, row, Answer(status=None, detail="What was sent does not open."), 0)
    else:
        await forward(row, message)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of `<timestamp>.<body>`."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def _on_its_way(delivery_id: UUID) -> WebhookDelivery | None:
    rows = WebhookDelivery.everyone.select_related("connection", "deployment")
    return rows.filter(pk=delivery_id, status=WebhookDelivery.Status.FORWARDING, message__isnull=False).first()


def _finish(row: WebhookDelivery, answer: Answer, took: int) -> None:
    deliveries.finish(row, answered=answer.status, detail=answer.detail, duration_ms=took)


def _request(row: WebhookDelivery, message: Message) -> httpx2.Request:
    deployment, connection = row.deployment, row.connection
    assert deployment is not None
    timestamp = str(int(time.time()))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in message.headers]
    headers += [
        (b"vendo-timestamp", timestamp.encode()),
        (b"vendo-signature", signature(_secret(row), timestamp, message.body).encode()),
        (b"x-vendo-connection-id", str(connection.pk).encode()),
        (b"x-vendo-provider", connection.integration_id.encode()),
    ]
    wait = {"connect": CONNECT, "pool": CONNECT, "write": WITHIN, "read": WITHIN}
    address = deployment.url + path_of(connection.integration_id)
    return httpx2.Request("POST", address, headers=headers, content=message.body, extensions={"timeout": wait})


def _secret(row: WebhookDelivery) -> str:
    """The deployment's own; it has one from its first deploy on."""
    variable = EnvironmentVariable.everyone.get(deployment=row.deployment_id, name=WEBHOOK_SECRET)
    return vault.reveal(variable, "value") or ""


async def _sent(request: httpx2.Request) -> Answer:
    # A connection for each: what a tool may send behind the end of an answer is nobody else's. Nothing here is TLS.
    transport = httpx2.AsyncHTTPTransport(trust_env=False, verify=NO_TLS)
    try:
        async with asyncio.timeout(WITHIN), transport:
            response = await transport.handle_async_request(request)
            try:
                return await _read(response, request.url.path)
            finally:
                await response.aclose()
    except (TimeoutError, httpx2.TimeoutException):
        return Answer(status=None, detail=f"The tool did not answer within {WITHIN:.0f} seconds.")
    except httpx2.HTTPError:
        return Answer(status=None, detail="The tool could not be reached, or broke off.")


async def _read(response: httpx2.Response, path: str) -> Answer:
    if not 200 <= response.status_code <= 599:
        return Answer(status=None, detail="The tool gave an answer that can't be passed on.")
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > LONGEST:
            break
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    readable = kind == "application/json" and "content-encoding" not in response.headers and len(body) <= LONGEST
    status = response.status_code
    return Answer(status=status, detail=_problem(status, path), body=body if readable else b"")


def _problem(status: int, path: str) -> str:
    if 200 <= status < 300:
        return ""
    if status in {404, 405}:
        return f"The tool takes no POST at {path} (it answered {status})."
    return f"The tool answered {status}."
