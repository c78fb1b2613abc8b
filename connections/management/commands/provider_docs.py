"""`manage.py provider_docs`: docs/integrations as the provider files have it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from connections.provider_docs import pages


class Command(BaseCommand):
    """Run it after a change in `connections/catalog/`."""

    help = "Write docs/integrations from the provider files: a page for each, and the table of all."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Pages of providers that are gone go too."""
        folder, wanted = settings.BASE_DIR / "docs/integrations", pages()
        folder.mkdir(exist_ok=True)
        for gone in [page for page in folder.glob("*.md") if page.name not in wanted]:
            gone.unlink()
        for name, text in wanted.items():
            (folder / name).write_text(text)
        self.stdout.write(f"{len(wanted)} pages in {folder}.")
