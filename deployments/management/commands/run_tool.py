"""`manage.py run_tool <deployment id>`: what supervisord starts in a tool's stead."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from deployments.runtimes import RuntimeFailed, alone, child


class Command(BaseCommand):
    """Becomes a tool's process."""

    help = "Reads a deployment's environment from the vault and executes its tool. The tool supervisor calls this."
    # The checks would cost a second at every start of every tool.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One deployment."""
        parser.add_argument("deployment", type=UUID, help="the deployment's id")

    def handle(self, *args: Any, deployment: UUID, **options: Any) -> None:
        """Does not return where the tool starts."""
        try:
            alone.claim(deployment)
            tool = child.prepare(deployment)
        except child.NotToRun as reason:
            raise CommandError(str(reason)) from None
        except RuntimeFailed as failure:
            raise CommandError(f"{failure.message} {failure.remedy}") from None
        try:
            child.execute(tool)
        except OSError as error:
            raise CommandError(f"{tool.command[0]!r} can't be executed: {error.strerror}.") from None
