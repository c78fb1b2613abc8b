"""One try to connect: ten minutes, once, by the same person in the same browser; afterwards it tells how that ended."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from connections import brokered
from connections.errors import ConnectError
from connections.models import ConnectAttempt, Connection
from tenants.models import Membership, User

LIFETIME = timedelta(minutes=10)  # contract section 7


def of_state(slug: str, state: str) -> ConnectAttempt | None:
    """The attempt that sent this state out."""
    return _attempts(slug).filter(state_hash=hashed(state)).first()


def of_person(slug: str, attempt_id: UUID, user: User) -> ConnectAttempt | None:
    """The person's own attempt of that id; anybody else's is none."""
    return _attempts(slug).filter(pk=attempt_id, user=user).first()


def hashed(secret: str) -> str:
    """What an attempt keeps of what is to come back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_browser(attempt: ConnectAttempt, user: User, browser_secret: str | None) -> None:
    """The browser that comes back must be the one that left, with the same person at it (RFC 9700 section 4.7)."""
    same_browser = browser_secret and secrets.compare_digest(hashed(browser_secret), attempt.browser_hash)
    same_person = attempt.user_id == user.pk
    belongs = Membership.objects.filter(user=user, tenant=attempt.tenant, role__in=Membership.WRITERS).exists()
    if not (same_browser and same_person and belongs):
        # The attempt stays open: whoever guessed or stole a state must not be able to use it up.
        raise ConnectError(
            "oauth_state_invalid",
            "This sign-in was started in another browser or by another person. Go back and connect again from here.",
        )


def claim(attempt: ConnectAttempt) -> None:
    """Single use, in one statement: of two answers with the same state one gets through."""
    if not ConnectAttempt.everyone.filter(pk=attempt.pk, used_at=None).update(used_at=timezone.now()):
        raise ConnectError("oauth_state_invalid", "This sign-in has been used already. Connect again.")


def check_age(attempt: ConnectAttempt) -> None:
    """Whether there is still time. Raises `ConnectError`."""
    if attempt.expires_at <= timezone.now():
        raise ConnectError("oauth_state_invalid", "The sign-in took longer than ten minutes. Connect again.")


@contextlib.contextmanager
def ended_by_failure(attempt: ConnectAttempt) -> Iterator[None]:
    """A failure inside is noted, and nothing of what was granted is kept."""
    try:
        yield
    except ConnectError as error:
        note(attempt, error.code, error.message)
        if attempt.broker_account:
            brokered.forget(attempt.broker_account)
        raise


def note(attempt: ConnectAttempt, outcome: str, detail: str, connection: Connection | None = None) -> None:
    """Keep how it ended; no secret is needed any more."""
    attempt.outcome, attempt.detail = outcome, detail[:500]
    attempt.verifier = attempt.pending = None
    attempt.connection = connection or attempt.connection
    attempt.save(update_fields=["outcome", "detail", "verifier", "pending", "connection"])


def _attempts(slug: str) -> QuerySet[ConnectAttempt]:
    rows: QuerySet[ConnectAttempt] = ConnectAttempt.everyone.filter(integration_id=slug)
    return rows.select_related("integration", "tenant", "user", "connection")
