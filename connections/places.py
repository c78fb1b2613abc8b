"""Which part of an account a connection is for. While a person chooses, what was granted is sealed in the attempt."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from connections import discovery, vault
from connections.catalog import Account, Place, TokenAnswer
from connections.errors import ConnectError
from connections.grants import Grant
from connections.models import ConnectAttempt, Connection

GONE = "Your answer came too late, or was given already. Connect again."


def settled(grant: Grant, renewed: Connection | None, noun: str) -> Grant | None:
    """The grant for its one place; None where a person has to choose. Raises `ConnectError`."""
    if not grant.places:
        return grant
    places = [place for place in grant.places if _may_be(grant, place, renewed)]
    if renewed and not places:
        raise ConnectError(
            "context_discovery_failed",
            f"You signed in as {grant.account.name}, who does not reach the {noun} of this connection, "
            f"{renewed.display_name}. Sign in as somebody who does, or connect another {noun} as a new connection.",
        )
    return chosen(grant, places[0]) if len(places) == 1 else None


def chosen(grant: Grant, place: Place) -> Grant:
    """The grant for that place."""
    return replace(grant, account=discovery.at(grant.account, place), places=())


def put_aside(attempt: ConnectAttempt, grant: Grant) -> None:
    """Seal what was granted in the attempt. The caller saves it."""
    vault.seal(attempt, "pending", json.dumps(asdict(grant) | {"issued": grant.issued.isoformat()}))


def waiting(attempt: ConnectAttempt) -> Grant:
    """What was granted. Raises `ConnectError` where nothing waits for an answer any more."""
    text = vault.reveal(attempt, "pending")
    if text is None:
        raise ConnectError("oauth_state_invalid", GONE)
    return _unpacked(json.loads(text))


def take(attempt: ConnectAttempt) -> None:
    """Single use, in one statement: of two answers one gets through. Raises `ConnectError`."""
    waiting = ConnectAttempt.everyone.filter(pk=attempt.pk, pending=attempt.pending).exclude(pending=None)
    if not waiting.update(pending=None):
        raise ConnectError("oauth_state_invalid", GONE)
    attempt.pending = None


def _may_be(grant: Grant, place: Place, renewed: Connection | None) -> bool:
    """What is renewed is the same place again."""
    return renewed is None or renewed.account_id in ("", discovery.at(grant.account, place).id)


def _unpacked(packed: Mapping[str, Any]) -> Grant:
    answer = packed["answer"]
    return Grant(
        **{
            **packed,
            "account": Account(**packed["account"]),
            "answer": TokenAnswer(**{**answer, "scopes": tuple(answer["scopes"]) if answer["scopes"] else None}),
            "issued": datetime.fromisoformat(packed["issued"]),
            "scopes": tuple(packed["scopes"]),
            "places": tuple(Place(**place) for place in packed["places"]),
        }
    )
