"""How refreshing goes: a row for each time that a provider was asked for a new token, for a day."""

import logging
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from connections.models import Connection, Refresh

logger = logging.getLogger(__name__)

KEPT = timedelta(days=1)


def note(connection: Connection, outcome: str) -> None:
    """`outcome` is `Refresh.DONE`, or the code of the error that tools get."""
    try:
        with transaction.atomic():
            Refresh.objects.create(connection=connection, outcome=outcome)
    except DatabaseError:
        # Bookkeeping: a busy database must not cost a tool its token.
        logger.warning("A refresh of connection %s could not be noted", connection.pk)


def forget_old() -> None:
    """Take away what is older than a day."""
    Refresh.objects.filter(at__lt=timezone.now() - KEPT).delete()
