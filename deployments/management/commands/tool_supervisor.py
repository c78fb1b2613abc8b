"""`manage.py tool_supervisor`: becomes supervisord, which runs the tools."""

import logging
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders, supervisor

logger = logging.getLogger("deployments.tool_supervisor")

Status = Deployment.Status


class Command(BaseCommand):
    """Starts the tools that should run, and keeps them running."""

    help = "Runs the tools' processes under supervisord, in the foreground. One per machine and data folder."

    def handle(self, *args: Any, **options: Any) -> None:
        """Does not return."""
        self._refuse_second()
        try:
            path = supervisor.write_configuration()
        except RuntimeFailed as failure:
            raise CommandError(f"{failure.message} {failure.remedy}") from None
        bring_programs_in_step()
        connection.close()
        os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(path)])  # noqa: S606

    def _refuse_second(self) -> None:
        try:
            pid = supervisor.call("getPID")
        except RuntimeFailed:
            return
        raise CommandError(f"The tool supervisor is running already, as process {pid}.")


def bring_programs_in_step() -> None:
    """Rewrite the file of each tool that should run (the clone may have moved), and remove the others."""
    try:
        wanted = list(_should_run())
    except OperationalError:
        logger.warning("The database does not answer: tools start as they were last time.")
        return
    for deployment in wanted:
        folders.make(deployment)
        supervisor.write_program(deployment)
    keep = {supervisor.program_file(deployment).name for deployment in wanted} | {"_about.conf"}
    for path in supervisor.programs().glob("*.conf"):
        if path.name not in keep:
            path.unlink()


def _should_run() -> list[Deployment]:
    """Running ones, and those that were being deployed and had been started; the others start when they are told to."""
    rows = Deployment.everyone.filter(desired_state=Deployment.Desired.RUNNING)
    running = [row for row in rows.filter(status=Status.RUNNING) if folders.code(row).is_dir()]
    deploying = [row for row in rows.filter(status=Status.DEPLOYING) if supervisor.program_file(row).exists()]
    return [*running, *deploying]
