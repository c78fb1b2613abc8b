"""`manage.py rotate_vault_keys`: everything in the vault moves to the first key."""

from typing import Any

from django.core.management.base import BaseCommand

from connections import vault


class Command(BaseCommand):
    """Safe to run while the system works, and to run again."""

    help = "Re-encrypt every secret with the first key of VENDO_VAULT_KEYS; afterwards the others can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many secrets moved."""
        self.stdout.write(f"{vault.rotate()} secrets re-encrypted. The other keys are no longer needed.")
