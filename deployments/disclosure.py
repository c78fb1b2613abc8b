"""Shows a value of a tool's environment to a person, and writes down who looked."""

from django.db import transaction

from connections import vault
from deployments import activity
from deployments.environment import API_KEY
from deployments.models import EnvironmentVariable
from tenants.models import User

# A key is shown once, to whoever mints it (contract section 1); the one of a deployment is minted for the tool alone.
NEVER_SHOWN = frozenset({API_KEY, "VENDO_DEPLOYMENT_TOKEN"})


class NotShown(Exception):
    """A value that nobody is shown."""


def disclose(variable: EnvironmentVariable, by: User) -> str:
    """The value. Raises `NotShown`, and `VaultError` where it does not open; then nobody has looked."""
    if variable.name in NEVER_SHOWN:
        raise NotShown
    with transaction.atomic():
        value = vault.reveal(variable, "value")
        activity.note(variable.deployment, "looked at a value", by=by, detail=variable.name)
    return value or ""
