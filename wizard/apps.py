"""The top floor: how a tenant gets to a running tool."""

from django.apps import AppConfig


class WizardConfig(AppConfig):
    """Tells connections what a connect from a draft means."""

    name = "wizard"

    def ready(self) -> None:
        """Connect the receivers."""
        from wizard import receivers

        receivers.connect()
