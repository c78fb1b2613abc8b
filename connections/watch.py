"""Looks after connections that nobody asks about: once a day each is renewed where it would die of disuse, and tried.

So a connection that needs its person is known before a tool trips over it. Every worker looks; whoever writes its time
of looking into a row first is the one that asks the provider.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from connections import brokered, connect, refreshes
from connections.credentials import keep_alive, mark_needs_reauth
from connections.errors import CredentialError, NeedsReauth
from connections.models import ConnectAttempt, Connection

logger = logging.getLogger(__name__)

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)  # after a provider that could not say
BATCH = 20  # connections in one round, one after the other; a provider that does not answer takes twenty seconds


def look() -> list[UUID]:
    """Look after those that are due; returns the ids of those whose person is needed."""
    _forget_unanswered()
    refreshes.forget_old()
    return [connection.pk for connection in _due() if _needs_its_person(connection)]


def _due() -> Iterator[Connection]:
    now = timezone.now()
    # A new one was tried when it was made, so that none is due at once.
    due = _active().filter(Q(watched_at__lt=now - EVERY) | Q(watched_at=None, connected_at__lt=now - EVERY))
    for row in due.select_related("integration").order_by(F("watched_at").asc(nulls_first=True))[:BATCH]:
        # Compare-and-set: true for one of the workers that read the same time.
        if _active().filter(pk=row.pk, watched_at=row.watched_at).update(watched_at=now):
            yield row


def _active() -> QuerySet[Connection]:
    has_token = Q(credential__isnull=False) | ~Q(broker_account="")
    rows: QuerySet[Connection] = Connection.everyone.filter(
        has_token, status=Connection.Status.ACTIVE, integration__enabled=True
    )
    return rows


def _needs_its_person(connection: Connection) -> bool:
    try:
        keep_alive(connection)
        connect.test(connection)
    except NeedsReauth as error:
        mark_needs_reauth(connection, error.message)
        return True
    except CredentialError:
        _look_again_soon(connection)
    except Exception as error:  # noqa: BLE001  (one that can't be looked at must not keep us from the others)
        logger.warning("Connection %s could not be looked at: %s", connection.pk, type(error).__name__)
    return False


def _look_again_soon(connection: Connection) -> None:
    Connection.everyone.filter(pk=connection.pk).update(watched_at=timezone.now() - EVERY + AGAIN)


def _forget_unanswered() -> None:
    """What was granted to a person who then chose no place is not kept."""
    late = ConnectAttempt.everyone.filter(pending__isnull=False, expires_at__lt=timezone.now())
    held_elsewhere = list(late.exclude(broker_account="").values_list("broker_account", flat=True))
    late.update(pending=None, outcome="oauth_state_invalid", detail="No place was chosen within ten minutes.")
    for account_id in held_elsewhere:
        brokered.forget(account_id)
