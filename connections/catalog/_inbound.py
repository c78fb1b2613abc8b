"""What providers send by themselves: how such calls are told from anybody's, and how a provider is pointed at us."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connections.catalog._types import Api

TOLERANCE = 300  # seconds that a signed time may be away from now
LONGEST_ID = 200  # characters

# A request's headers, names in lower case, the first of several alike.
type Headers = Mapping[str, str]
# (headers, body as it came, secret, now in seconds since 1970) → whether the provider sent it.
type Verify = Callable[[Headers, bytes, str, float], bool]
# (headers, body) → the provider's own id of the message, which stays the same when it is sent again; "" for none.
type Identify = Callable[[Headers, bytes], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How a provider's inbound calls are verified. `secret` is the name of one of the connection's further secrets."""

    secret: str
    verify: Verify
    event_id: Identify = lambda headers, body: ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployHook:
    """What a release may want done at the provider once its tool runs (`deployHooks.afterDeploy`).

    `do(api, url, secret)` has the provider send to `url` and prove itself with the webhook's secret; it may be done
    again. `undo(api, url)` ends that, unless the provider sends elsewhere by now. Both raise as `Api` does.
    """

    name: str
    do: "Callable[[Api, str, str], None]"
    undo: "Callable[[Api, str], None]"
    # What it comes to, and what to look at where the provider refuses, as sentences.
    done: str
    remedy: str


def sent_along(header: str) -> Verify:
    """The secret itself comes in that header."""

    def verify(headers: Headers, body: bytes, secret: str, now: float) -> bool:
        return _same(headers.get(header.lower(), ""), secret)

    return verify


def signed_with_time(header: str) -> Verify:
    """The header holds `t=<seconds>,v1=<signature>`, the signature being the HMAC-SHA256 of `<t>.<body>` in hex.

    There is a `v1` for each secret while one takes over from another; other names are from other schemes.
    """

    def verify(headers: Headers, body: bytes, secret: str, now: float) -> bool:
        fields = [part.strip().partition("=") for part in headers.get(header.lower(), "").split(",")]
        times = [value for name, _, value in fields if name == "t"]
        if len(times) != 1 or not _is_recent(times[0], now):
            return False
        expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, sha256).hexdigest()
        return any(_same(value, expected) for name, _, value in fields if name == "v1")

    return verify


def field_of_body(name: str) -> Identify:
    """The id is a text or a number in the JSON object that is sent."""

    def identify(headers: Headers, body: bytes) -> str:
        try:
            found: Any = json.loads(body)
        except (ValueError, RecursionError):
            return ""
        value = found.get(name) if isinstance(found, dict) else None
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        return text if text.isascii() and text.isprintable() and len(text) <= LONGEST_ID else ""

    return identify


def _is_recent(seconds: str, now: float) -> bool:
    is_number = seconds.isascii() and seconds.isdigit() and len(seconds) < 16
    return is_number and abs(now - int(seconds)) <= TOLERANCE


def _same(given: str, expected: str) -> bool:
    """In constant time. An empty secret is nobody's."""
    return bool(expected) and hmac.compare_digest(given.encode(errors="replace"), expected.encode())
