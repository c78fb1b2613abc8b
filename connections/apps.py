"""The floor of what tenants connected."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate


class ConnectionsConfig(AppConfig):
    """Keeps catalogue rows in step with the catalogue's files."""

    name = "connections"

    def ready(self) -> None:
        """Connect what happens outside this app's own calls."""
        from connections import audit, checks, sync

        register(checks.catalogue_is_sound)
        audit.listen()
        post_migrate.connect(sync.after_migrate, sender=self)
