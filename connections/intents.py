"""Where a connect came from, carried through the dance as an opaque signed value.

This floor carries an intent and puts it on the `connected` signal; what it means is known above. Each floor that
starts connects registers a `Meaning` for its kind when Django is ready.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from django.core import signing

from connections.errors import IntentRefused
from tenants.models import Tenant

MAX_AGE = 60 * 60  # seconds; a person may sign in or sign up in between
SALT = "connections.intent"


@dataclass(frozen=True, slots=True)
class Intent:
    """On behalf of what: a kind that has a registered meaning, and the id of one such thing."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """An intent, explained: `label` completes "Connect Notion for …"; `origins` may be told the result."""

    label: str
    origins: frozenset[str] = frozenset()
    # Any port of this machine, for a developer's local work.
    loopback: bool = False


class Meaning(Protocol):
    """What a floor above knows of its kind of intent. Both calls raise `IntentRefused` for what is not the tenant's."""

    kind: str

    def from_query(self, query: Mapping[str, str], tenant: Tenant | None) -> Intent | None:
        """The intent that a connect URL's own parameters ask for (an app's key, say), or None if they name none.

        `tenant` is None while the person is signed out: a key must be swapped before the sign-in page shows, and
        `purpose` will look at whose it is.
        """

    def purpose(self, intent: Intent, tenant: Tenant) -> Purpose:
        """What it is for."""


_meanings: dict[str, Meaning] = {}


def register(meaning: Meaning) -> None:
    """Make a kind of intent known."""
    _meanings[meaning.kind] = meaning


def sign(intent: Intent) -> str:
    """The intent as text for a URL; good for an hour."""
    return signing.dumps(asdict(intent), salt=SALT)


def unsign(text: str) -> Intent:
    """The intent back. Raises `IntentRefused` when it was changed or is too old."""
    try:
        return Intent(**signing.loads(text, salt=SALT, max_age=MAX_AGE))
    except (signing.BadSignature, TypeError) as error:
        raise IntentRefused("This link has expired. Go back to where you came from and start again.") from error


def from_query(query: Mapping[str, str], tenant: Tenant | None) -> Intent | None:
    """The intent that a connect URL asks for in its own parameters, by whichever floor understands them."""
    found = (meaning.from_query(query, tenant) for meaning in _meanings.values())
    return next((intent for intent in found if intent), None)


def purpose(intent: Intent, tenant: Tenant) -> Purpose:
    """What an intent is for."""
    return _meanings[intent.kind].purpose(intent, tenant)
