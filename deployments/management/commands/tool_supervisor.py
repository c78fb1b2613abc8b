"""`manage.py tool_supervisor`: becomes supervisord, which runs the tools; or looks after the containers they are."""

import logging
import os
import signal
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from deployments import runtimes
from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders, supervisor
from deployments.runtimes.keeper import Keeper

logger = logging.getLogger("deployments.tool_supervisor")

Status = Deployment.Status


class Command(BaseCommand):
    """Starts the tools that should run, and keeps them running."""

    help = "Runs the tools, in the foreground. One per machine and data folder."

    def handle(self, *args: Any, **options: Any) -> None:
        """Returns only where tools are containers, when told to stop; they go on then."""
        if settings.RUNTIME == runtimes.DOCKER:
            done = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: done.set())
            Keeper(runtimes.current()).run(done)
            return
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
    """Those that run, and those in the middle of something that had been started; the others start when told to."""
    rows = Deployment.everyone.filter(desired_state=Deployment.Desired.RUNNING)
    running = rows.filter(status__in=[Status.RUNNING, Status.DEGRADED], operation="")
    unfinished = rows.exclude(pk__in=running).exclude(status__in=[Status.SUSPENDED, Status.DESTROYED])
    return [
        *(row for row in running if folders.code(row).is_dir() or _has_single_copy(row)),
        *(row for row in unfinished if supervisor.program_file(row).exists()),
    ]


def _has_single_copy(deployment: Deployment) -> bool:
    """Whether its files are where they once were; `folders.make` moves them."""
    return (folders.home(deployment) / "app").is_dir()
