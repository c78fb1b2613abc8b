"""`manage.py publish_tool PATH`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.layout import plan
from deployments.manifest import ManifestError, published
from deployments.publish import publication


class Command(BaseCommand):
    """Makes a release of the tool in a folder."""

    help = "Publishes the tool in PATH (vendo.yaml, and template.json if there is one), so that it can be deployed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One folder."""
        parser.add_argument("path", type=Path, help="the tool's folder")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        """Publish, or say line by line what to change."""
        if not path.is_dir():
            raise CommandError(f"{path} is not a folder. Name the folder that holds the tool's vendo.yaml.")
        try:
            result = publication(path)
        except ManifestError as error:
            lines = "\n".join(f"  {problem}" for problem in error.problems)
            raise CommandError(f"{path} was not published:\n{lines}") from None
        release = result.release
        if result.is_new:
            self.stdout.write(self.style.SUCCESS(f"Published {release.tool.name} {release.version}."))
        else:
            self.stdout.write(f"{release.tool.name} {release.version} is already published; nothing changed.")
        if problem := plan(published(release)).problem:
            self.stdout.write(self.style.WARNING(f"Its layout can't be used, so the wizard has one page:\n{problem}"))
