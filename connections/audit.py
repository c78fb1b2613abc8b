"""Who did what, in Django's own log of the admin: what people do in their workspaces is written there too."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model

from tenants.models import User


def note(by: User | None, row: Model, words: str) -> None:
    """Write it down, in the transaction of what was done. `words` must hold no secret. Nobody did it: nothing is."""
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [row], CHANGE, words)
