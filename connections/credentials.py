"""A token that works: refreshed when it must be, once, however many processes ask at the same moment.

The one that refreshes holds a lease on the row, taken by compare-and-set; the others wait for its outcome, good or
bad. A rotated refresh token is stored in the same statement as the new access token, before anybody sees either.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import close_old_connections, transaction
from django.db.models import Q
from django.utils import timezone

from connections import brokered, oauth, refreshes, signals, swaps, vault
from connections.catalog import TokenAnswer
from connections.errors import (
    CredentialError,
    NeedsReauth,
    ProfileUnsupported,
    ProviderError,
    ProviderRateLimited,
    Revoked,
)
from connections.models import Connection, Refresh

MARGIN = timedelta(seconds=60)  # contract section 3: never a token with less to live
LEASE = timedelta(seconds=30)  # longer than a refresh can take (provider_api.CALL)
PATIENCE = 25.0  # seconds a caller waits for somebody else's refresh
REST = timedelta(minutes=1)  # after a failed renewal of a token that still lives longer than the margin
IDLE = 2 / 3  # of the days of disuse after which a provider forgets it, a connection is renewed unasked
POLL = 0.05  # seconds between looks at the row


@dataclass(frozen=True, slots=True)
class Token:
    """What a tool gets. `expires_at` is None for a token that does not expire."""

    access_token: str = field(repr=False)
    expires_at: datetime | None


def fresh_token(connection: Connection) -> Token:
    """The connection's token, with more than a minute to live unless the provider issues shorter ones.

    Raises a `CredentialError`: `Revoked`, `NeedsReauth`, `ProfileUnsupported`, `ProviderError`, `ProviderRateLimited`.
    """
    if token := token_at_hand(connection):
        return token
    try:
        return _refreshed(connection)
    except ProviderError:
        # A provider that is down does not condemn the connection: the old token serves while it lives.
        if connection.expires_at and connection.expires_at > timezone.now():
            return _stored(connection)
        raise


def token_at_hand(connection: Connection) -> Token | None:
    """As `fresh_token` where no provider has to be asked for it; else None."""
    _refuse_unusable(connection)
    return None if _due(connection) else _stored(connection)


def renew(connection: Connection, rejected: str) -> Token:
    """Another token than `rejected`, which the provider no longer takes although its time is not up.

    Of many who were rejected with the same token, one refreshes. Where nothing can renew it, it is returned as it is.
    Raises as `fresh_token` does.
    """
    connection.refresh_from_db()
    _refuse_unusable(connection)

    def still_the_rejected_one(row: Connection) -> bool:
        return row.credential is None or _stored(row).access_token == rejected

    if not connection.renewable or not still_the_rejected_one(connection):
        return _stored(connection)
    return _refreshed(connection, due=still_the_rejected_one)


def keep_alive(connection: Connection) -> None:
    """Renew what the provider would soon forget, since no tool has used it for long. Raises as `fresh_token` does."""
    _refuse_unusable(connection)
    if _idle(connection):
        _refreshed(connection, due=_idle)


def mark_needs_reauth(connection: Connection, message: str) -> bool:
    """The tenant must connect anew. True when this call changed the status; then `status_changed` was sent."""
    with transaction.atomic():
        mine = Connection.everyone.filter(pk=connection.pk, status=Connection.Status.ACTIVE)
        if not mine.update(status=Connection.Status.NEEDS_REAUTH, error_message=message):
            return False
        connection.refresh_from_db(fields=["status", "error_message"])
        signals.status_changed.send(sender=Connection, connection=connection)
    return True


def mark_working(connection: Connection) -> None:
    """It works again without having been connected anew. One that always did changes nothing."""
    with transaction.atomic():
        ill = Connection.everyone.filter(
            pk=connection.pk, status__in=[Connection.Status.NEEDS_REAUTH, Connection.Status.ERROR]
        )
        if ill.update(status=Connection.Status.ACTIVE, error_message=""):
            connection.refresh_from_db(fields=["status", "error_message"])
            signals.status_changed.send(sender=Connection, connection=connection)


def expiry(answer: TokenAnswer, issued: datetime) -> datetime | None:
    """When a token answered just now ends."""
    return issued + timedelta(seconds=answer.expires_in) if answer.expires_in else None


def margin(connection: Connection) -> timedelta:
    """How long before its end a token is renewed by whoever asks for it."""
    oauth = connection.signed_in_by
    return timedelta(seconds=oauth.refresh_margin) if oauth and _renewal(connection) else MARGIN


def _refuse_unusable(connection: Connection) -> None:
    name = connection.integration.provider.name
    if connection.status == Connection.Status.REVOKED:
        raise Revoked(f"This {name} connection was disconnected. Connect {name} again.")
    if connection.status == Connection.Status.NEEDS_REAUTH:
        raise NeedsReauth(connection.error_message or f"{name} wants you to sign in again. Reconnect it.")
    if connection.credential is None and not connection.renewable:
        raise ProfileUnsupported(f"A connection of profile {connection.profile} has no token to hand out.")


def _due(connection: Connection) -> bool:
    """Whether the token must be renewed before it is handed out."""
    if connection.credential is None:
        return True
    if connection.expires_at is None:
        return False
    # A provider that issues tokens shorter than two minutes would otherwise be asked at every request.
    lifetime, left = connection.expires_at - _issued(connection), connection.expires_at - timezone.now()
    if connection.broker_account:
        return left <= MARGIN  # a broker tells what is left of it
    # While a provider can't renew it, a token that still lives is not asked for anew by everybody.
    wanted = MARGIN if _failed_lately(connection) else margin(connection)
    return left <= min(wanted, lifetime / 2)


def _issued(connection: Connection) -> datetime:
    return connection.refreshed_at or connection.connected_at


def _failed_lately(connection: Connection) -> bool:
    failure = connection.refresh_failure
    return bool(failure) and datetime.fromisoformat(failure["at"]) > timezone.now() - REST


def _idle(connection: Connection) -> bool:
    oauth = connection.signed_in_by
    if oauth is None or oauth.idle_days is None or _renewal(connection) is None:
        return False
    return timezone.now() - _issued(connection) >= timedelta(days=oauth.idle_days) * IDLE


def _stored(connection: Connection) -> Token:
    token = vault.reveal(connection, "credential")
    assert token is not None
    return Token(token, connection.expires_at)


def _refreshed(connection: Connection, due: Callable[[Connection], bool] = _due) -> Token:
    """Refresh under the lease, or wait for whoever holds it. `due` says of the row whether it is still to be done."""
    asked_at, deadline = timezone.now(), time.monotonic() + PATIENCE
    lease = secrets.token_hex(16)
    while time.monotonic() < deadline:
        # Looked at before it is tried: those who wait only read.
        if _may_be_free(connection) and _take_lease(connection, lease):
            # The row may have been renewed between our look and our lease.
            connection.refresh_from_db()
            if _settled(connection, asked_at, due):
                _release(connection, lease)
                return _stored(connection)
            return _refresh(connection, lease)
        _let_others_use_the_database()
        time.sleep(POLL)
        connection.refresh_from_db()
        if _settled(connection, asked_at, due):
            return _stored(connection)
    raise ProviderError(
        f"{connection.integration.provider.name} takes too long to renew the token. Try again in a minute."
    )


def _may_be_free(connection: Connection) -> bool:
    return connection.refresh_lease_until is None or connection.refresh_lease_until < timezone.now()


def _let_others_use_the_database() -> None:
    """Before a wait. There are fewer database connections than requests that a silent provider can hold up."""
    if not transaction.get_connection().in_atomic_block:
        close_old_connections()


def _take_lease(connection: Connection, lease: str) -> bool:
    """Compare-and-set: true for exactly one of those who try at the same moment."""
    now = timezone.now()
    free = Q(refresh_lease_until=None) | Q(refresh_lease_until__lt=now)
    row = Connection.everyone.filter(free, pk=connection.pk, expires_at=connection.expires_at)
    return bool(row.update(refresh_lease=lease, refresh_lease_until=now + LEASE))


def _settled(connection: Connection, asked_at: datetime, due: Callable[[Connection], bool]) -> bool:
    """Whether the refresh somebody made since `asked_at` left a token; raises what it failed with."""
    _refuse_unusable(connection)
    if not due(connection):
        return True
    failure = connection.refresh_failure
    if failure and datetime.fromisoformat(failure["at"]) >= asked_at:
        raise _failure_to_error(failure)
    return False


def _refresh(connection: Connection, lease: str) -> Token:
    """Ask the provider, and keep what it says while the lease is still ours."""
    name, ask = connection.integration.provider.name, _renewal(connection)
    if ask is None:
        message = f"The {name} token has expired and can't be renewed. Reconnect it."
        # Not ours any more where the tenant has just reconnected: their new token must not be condemned.
        if _release(connection, lease):
            mark_needs_reauth(connection, message)
        raise NeedsReauth(message)
    _let_others_use_the_database()
    try:
        answer = ask()
    except NeedsReauth as error:
        if _release(connection, lease):
            mark_needs_reauth(connection, error.message)
        refreshes.note(connection, error.code)
        raise
    except CredentialError as error:
        _release(connection, lease, failure=_error_to_failure(error))
        refreshes.note(connection, error.code)
        raise
    token = _keep(connection, lease, answer)
    refreshes.note(connection, Refresh.DONE)
    return token


def _renewal(connection: Connection) -> Callable[[], TokenAnswer] | None:
    """What asks for another token; None where none can be had without the person."""
    if connection.broker_account:
        return partial(brokered.token, connection)
    if connection.refresh_token is not None:
        return partial(_by_refresh_token, connection)
    signed_in_by = connection.signed_in_by
    alive = connection.expires_at is None or connection.expires_at > timezone.now()
    return partial(_by_itself, connection) if signed_in_by and signed_in_by.renew and alive else None


def _by_refresh_token(connection: Connection) -> TokenAnswer:
    refresh_token = vault.reveal(connection, "refresh_token")
    assert refresh_token is not None
    return oauth.refresh(connection.integration, refresh_token, connection.facts)


def _by_itself(connection: Connection) -> TokenAnswer:
    return swaps.renewed(connection.integration, _stored(connection).access_token, connection.facts)


def _keep(connection: Connection, lease: str, answer: TokenAnswer) -> Token:
    """Store new tokens, both in one statement. A disconnect in the meantime wins: then nothing is stored."""
    now = timezone.now()
    vault.seal(connection, "credential", answer.access_token)
    if answer.refresh_token:
        vault.seal(connection, "refresh_token", answer.refresh_token)
    connection.expires_at, connection.refreshed_at = expiry(answer, now), now
    if answer.scopes is not None:
        connection.granted_scopes = list(answer.scopes)
    kept = Connection.everyone.filter(pk=connection.pk, refresh_lease=lease, status__in=Connection.LIVE).update(
        credential=connection.credential,
        refresh_token=connection.refresh_token,
        expires_at=connection.expires_at,
        granted_scopes=connection.granted_scopes,
        refreshed_at=now,
        refresh_lease="",
        refresh_lease_until=None,
        refresh_failure={},
    )
    if not kept:
        connection.refresh_from_db()
        _refuse_unusable(connection)
        raise ProviderError("The token was renewed by somebody else at the same moment. Try again.")
    return Token(answer.access_token, connection.expires_at)


def _release(connection: Connection, lease: str, *, failure: dict[str, object] | None = None) -> bool:
    """Give the lease back; False when it was no longer ours."""
    mine = Connection.everyone.filter(pk=connection.pk, refresh_lease=lease)
    return bool(mine.update(refresh_lease="", refresh_lease_until=None, refresh_failure=failure or {}))


def _error_to_failure(error: CredentialError) -> dict[str, object]:
    wait = error.retry_after if isinstance(error, ProviderError) else None
    return {"at": timezone.now().isoformat(), "message": error.message, "retry_after": wait}


def _failure_to_error(failure: dict[str, object]) -> ProviderError:
    message, wait = str(failure["message"]), failure["retry_after"]
    return ProviderRateLimited(message, retry_after=wait) if isinstance(wait, int) else ProviderError(message)
