"""Who did what, in Django's own log of the admin: what people do in their workspaces is written there too."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model

from connections import signals
from connections.models import Connection
from tenants.models import User


def note(by: User | None, row: Model, words: str) -> None:
    """Write it down, in the transaction of what was done. `words` must hold no secret. Nobody did it: nothing is."""
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [row], CHANGE, words)


def listen() -> None:
    """Write down who connects and disconnects; called when Django is ready."""
    signals.connected.connect(_on_connected, dispatch_uid="connections.audit.connected")
    signals.disconnected.connect(_on_disconnected, dispatch_uid="connections.audit.disconnected")


def _on_connected(*, connection: Connection, renewed: bool = True, by: User | None = None, **kwargs: Any) -> None:
    if renewed:
        note(by, connection, "Connected.")


def _on_disconnected(*, connection: Connection, by: User | None = None, **kwargs: Any) -> None:
    note(by, connection, "Disconnected.")
