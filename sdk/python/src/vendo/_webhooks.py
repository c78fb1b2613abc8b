"""Telling the dashboard's calls from anybody's (contract section 6)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from time import time

from vendo._fields import maybe_text, moment, text
from vendo._headers import header
from vendo._slugs import variable
from vendo.errors import ValidationError

TOLERANCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event that the dashboard posted. `provider` and `connection_id` are known where headers were given."""

    id: str
    type: str
    occurred_at: datetime
    data: Mapping[str, object] = field(repr=False)
    provider: str | None = None
    connection_id: str | None = None


class Webhooks:
    """`vendo.webhooks`, and `webhooks` of both clients: there is nothing to wait for, so it is the same in both.

    `body` is what arrived, byte for byte, and `headers` the request's. Without `headers`, give `timestamp` and
    `signature` (`Vendo-Timestamp`, `Vendo-Signature`). `secret` is `VENDO_WEBHOOK_SECRET` unless given; `tolerance`
    is how many seconds the timestamp may be away from now, so that nobody can send an old call again.
    """

    def verify(
        self,
        body: bytes | str,
        headers: object = None,
        secret: str | None = None,
        tolerance: float = TOLERANCE_SECONDS,
        *,
        timestamp: str | int | None = None,
        signature: str | None = None,
    ) -> WebhookEvent:
        """The event, once it is certain that the dashboard sent it; otherwise raises `ValidationError`."""
        self.check(body, headers, secret, tolerance, timestamp=timestamp, signature=signature)
        return _event(_bytes(body), headers)

    def check(
        self,
        body: bytes | str,
        headers: object = None,
        secret: str | None = None,
        tolerance: float = TOLERANCE_SECONDS,
        *,
        timestamp: str | int | None = None,
        signature: str | None = None,
    ) -> None:
        """The same for what a provider sent and the dashboard passed on, whose body is the provider's own.

        Raises `ValidationError` where the signature is not the dashboard's. Read the body yourself afterwards.
        """
        moment_sent = str(timestamp if timestamp is not None else header(headers, "Vendo-Timestamp") or "")
        expected = _signature(_secret(secret), moment_sent, _bytes(body))
        given = signature if signature is not None else header(headers, "Vendo-Signature") or ""
        if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            raise _invalid("The signature does not match: this is not from your dashboard, or the secret is another.")
        if not _is_recent(moment_sent, tolerance):
            raise _invalid("The timestamp is too far from now: an old call, or a clock that is wrong.")


def _signature(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode(errors="replace") + b"." + body, sha256).hexdigest()


def _secret(given: str | None) -> str:
    secret = variable("VENDO_WEBHOOK_SECRET") if given is None else given
    if not secret:
        # With an empty key anybody could sign.
        raise ValidationError("There is no secret to verify with: set VENDO_WEBHOOK_SECRET, or pass one.")
    return secret


def _is_recent(timestamp: str, tolerance: float) -> bool:
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16
    return is_number and abs(time() - int(timestamp)) <= tolerance


def _bytes(body: bytes | str) -> bytes:
    return body.encode(errors="surrogateescape") if isinstance(body, str) else bytes(body)


def _event(body: bytes, headers: object) -> WebhookEvent:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    found = value if isinstance(value, dict) else {}
    occurred_at, data = moment(found.get("occurred_at")), found.get("data")
    if not text(found.get("id")) or not text(found.get("type")) or occurred_at is None or not isinstance(data, dict):
        raise _invalid("The body is no event of a dashboard. For a provider's own, use webhooks.check.")
    return WebhookEvent(
        id=text(found["id"]),
        type=text(found["type"]),
        occurred_at=occurred_at,
        data=data,
        provider=maybe_text(header(headers, "X-Vendo-Provider")),
        connection_id=maybe_text(header(headers, "X-Vendo-Connection-Id")),
    )


def _invalid(sentence: str) -> ValidationError:
    return ValidationError(sentence, code="webhook_invalid")
