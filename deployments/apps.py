"""The floor of what runs."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DeploymentsConfig(AppConfig):
    """Listens to connections, and tells them what a connect on behalf of an app means."""

    name = "deployments"

    def ready(self) -> None:
        """Connect the receivers."""
        from deployments import checks, guards, receivers  # noqa: F401  (checks register themselves)

        receivers.connect()
        post_migrate.connect(guards.install, sender=self)
