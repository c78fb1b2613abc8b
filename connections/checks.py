"""`manage.py check`: the catalogue's files and the vault's keys are as they must be."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from connections import catalog, vault


def catalogue_is_sound(**kwargs: Any) -> list[CheckMessage]:
    """Errors for an unsound provider file or an unusable vault key."""
    found: list[CheckMessage] = []
    try:
        catalog.all_providers()
    except catalog.CatalogueError as error:
        found.append(Error(str(error), id="connections.E001"))
    try:
        vault.check_keys()
    except ImproperlyConfigured as error:
        found.append(Error(str(error), id="connections.E002"))
    return found
