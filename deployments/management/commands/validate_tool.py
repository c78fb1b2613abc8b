"""`manage.py validate_tool PATH`."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments import layout_advice, toolfiles
from deployments.manifest import ManifestError, ToolSource, read_tool
from deployments.publish import unsupported


class Command(BaseCommand):
    """Tells an author everything that publishing would, and publishes nothing."""

    help = "Checks the tool in PATH as publish_tool does, shows what its wizard will ask, and changes nothing."
    # An author's copy of the dashboard may have no database, and none is needed.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One folder."""
        parser.add_argument("path", type=Path, help="the tool's folder")
        parser.add_argument("--strict", action="store_true", help="fail for what is only worth a second look, too")

    def handle(self, *args: Any, path: Path, strict: bool, **options: Any) -> None:
        """Say line by line what to change, or how the wizard will look."""
        if not path.is_dir():
            raise CommandError(f"{path} is not a folder. Name the folder that holds the tool's vendo.yaml.")
        try:
            source = _checked(path)
        except ManifestError as error:
            lines = "\n".join(f"  {problem}" for problem in error.problems)
            raise CommandError(f"{path} can't be published:\n{lines}") from None
        self._describe(source)
        doubts = [*map(str, unsupported(source)), *layout_advice.advice(source.template)]
        for doubt in doubts:
            self.stdout.write(self.style.WARNING(f"Worth a second look: {doubt}"))
        if strict and doubts:
            raise CommandError("Not accepted, because of --strict.")

    def _describe(self, source: ToolSource) -> None:
        version = source.template.version or "(versioned by its content)"
        self.stdout.write(self.style.SUCCESS(f"{source.template.name} {version} can be published."))
        self.stdout.write("Its wizard asks, before the review:")
        for line in layout_advice.outline(layout_advice.plan_of(source.template)):
            self.stdout.write(f"  {line}")


def _checked(path: Path) -> ToolSource:
    source = read_tool(path)
    with tempfile.TemporaryDirectory() as folder:
        toolfiles.copy(path, Path(folder) / "copy")
    return source
