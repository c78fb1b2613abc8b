"""Misbehaviour on request, for tests: how the provider shall answer, and what it was asked."""

import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, fields


@dataclass
class Switches:
    """How to answer. A status other than 200 answers nothing else; `authorize_error` sends that error back at once."""

    token_status: int = 200
    token_delay_ms: int = 0
    api_status: int = 200
    access_token_seconds: int = 3599
    authorize_error: str = ""


_lock = threading.Lock()
_grants: Counter[str] = Counter()
switches = Switches()


def turn(wanted: dict[str, object]) -> dict[str, object]:
    """Turn the named switches; returns all of them. ValueError for an unknown name or a value of another type."""
    kinds = {field.name: field.type for field in fields(Switches)}
    for name, value in wanted.items():
        if kinds.get(name) is not type(value):
            raise ValueError(f"{name!r} is not a switch that takes {value!r}. There are: {', '.join(kinds)}.")
    for name, value in wanted.items():
        setattr(switches, name, value)
    return asdict(switches)


def reset() -> None:
    """Everything back to well-behaved, and nothing counted."""
    turn(asdict(Switches()))
    with _lock:
        _grants.clear()


def count(grant_type: str) -> None:
    """Remember a token request, and take as long over it as asked."""
    with _lock:
        _grants[grant_type] += 1
    time.sleep(switches.token_delay_ms / 1000)


def log() -> dict[str, int]:
    """grant type → number of token requests."""
    with _lock:
        return dict(_grants)
