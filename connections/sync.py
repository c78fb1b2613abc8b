"""Keeps catalogue rows in step with the catalogue's files."""

from typing import Any

from django.db import router

from connections import catalog
from connections.models import Integration


def sync_catalog() -> tuple[list[str], list[str]]:
    """Add a row per new provider file, disable rows whose file is gone (connections stay); returns both lists of slugs.

    Rows that exist keep what an operator set.
    """
    providers = catalog.all_providers()
    known = set(Integration.objects.values_list("slug", flat=True))
    added = [slug for slug in providers if slug not in known]
    Integration.objects.bulk_create([Integration(slug=slug) for slug in added], ignore_conflicts=True)
    gone = Integration.objects.filter(enabled=True).exclude(slug__in=providers)
    removed = list(gone.values_list("slug", flat=True))
    gone.update(enabled=False)
    return added, removed


def after_migrate(using: str, **kwargs: Any) -> None:
    """Receiver of `post_migrate`."""
    if router.allow_migrate_model(using, Integration):
        sync_catalog()
