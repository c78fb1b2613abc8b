"""Misbehaviour on request, for tests: how the provider shall answer, and what it was asked.

Lives in the memory of the one process that serves: a restart is a reset.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

GRANTS = ("authorization_code", "refresh_token")


@dataclass
class Switches:
    """How to answer.

    A status other than 200 takes the place of the answer, for the next `…_times` requests or, at 0, until the switch is
    turned back. `authorize_error` sends that error back to the client at once; an `authorize_iss` goes into every
    authorization response; `refused_scopes` are those that the person, as it were, does not allow.
    """

    token_status: int = 200
    token_times: int = 0
    token_delay_ms: int = 0
    api_status: int = 200
    api_times: int = 0
    api_delay_ms: int = 0
    retry_after_seconds: int = 2
    access_token_seconds: int = 3599
    rotate_refresh_tokens: bool = True
    refused_scopes: list[str] = field(default_factory=list)
    authorize_error: str = ""
    authorize_iss: str = ""


@dataclass
class Webhook:
    """Where a bot's messages go, what is sent along, and how the last one ended, if not well."""

    url: str
    secret: str
    last_error: str = ""


_lock = threading.Lock()
_grants: Counter[str] = Counter()
_secrets: deque[str] = deque(maxlen=10_000)
_withdrawn: set[str] = set()
webhooks: dict[int, Webhook] = {}  # a bot's id → its webhook
switches = Switches()


def turn(wanted: object) -> dict[str, object]:
    """Turn the named switches; returns all of them. ValueError for an unknown name or a value of another type."""
    defaults = asdict(Switches())
    if not isinstance(wanted, dict):
        raise ValueError(f"Send a JSON object. There are: {', '.join(defaults)}.")  # noqa: TRY004
    for name, value in wanted.items():
        if type(defaults.get(name)) is not type(value):
            raise ValueError(f"{name!r} is not a switch that takes {value!r}. There are: {', '.join(defaults)}.")
    with _lock:
        for name, value in wanted.items():
            setattr(switches, name, value)
    return asdict(switches)


def reset() -> None:
    """Everything back to well-behaved, and nothing counted. Keys that were deleted are there again."""
    turn(asdict(Switches()))
    with _lock:
        _grants.clear()
        _withdrawn.clear()
        webhooks.clear()


def withdraw(accounts: Iterable[str]) -> None:
    """These people delete their keys on the provider's own page."""
    with _lock:
        _withdrawn.update(accounts)


def is_withdrawn(account: str) -> bool:
    """Whether the person has deleted all keys."""
    return account in _withdrawn


def count(grant_type: str) -> None:
    """Remember a token request, whatever becomes of it."""
    with _lock:
        _grants[grant_type if grant_type in GRANTS else "other"] += 1


def log() -> dict[str, int]:
    """grant type → number of token requests. The two that we know are always there, `other` if there was one."""
    with _lock:
        return dict.fromkeys(GRANTS, 0) | dict(_grants)


def remember(*secrets: str | None) -> None:
    """Keep what must not turn up in anybody's log or table, so that a test can look for it there."""
    _secrets.extend(secret for secret in secrets if secret)


def remembered() -> list[str]:
    """Every token and code issued, every state and verifier seen, since the start; a reset does not forget them."""
    return sorted({*_secrets})


def token_status() -> int:
    """What the token endpoint shall answer now; takes as long over it as asked."""
    time.sleep(switches.token_delay_ms / 1000)
    return _take("token_status", "token_times")


def api_status() -> int:
    """The same for a call of the API."""
    time.sleep(switches.api_delay_ms / 1000)
    return _take("api_status", "api_times")


def _take(status_name: str, times_name: str) -> int:
    with _lock:
        status: int = getattr(switches, status_name)
        times: int = getattr(switches, times_name)
        if status != 200 and times:
            setattr(switches, times_name, times - 1)
            if times == 1:
                setattr(switches, status_name, 200)
        return status
