"""`manage.py sync_catalog`: rows for new provider files."""

from typing import Any

from django.core.management.base import BaseCommand

from connections.sync import sync_catalog


class Command(BaseCommand):
    """Also runs after every migrate."""

    help = "Add a catalogue row for each new provider file and disable rows whose file is gone."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what changed."""
        added, removed = sync_catalog()
        self.stdout.write(f"Added: {', '.join(added) or 'none'}. Disabled: {', '.join(removed) or 'none'}.")
