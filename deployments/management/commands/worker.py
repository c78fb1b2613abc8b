"""`manage.py worker`: runs what is in the queue, and takes up what dead workers left."""

import logging
import threading
from argparse import ArgumentParser
from itertools import count
from typing import Any

from django.db import connection
from django_tasks_db.management.commands import db_worker

from deployments import pruning
from deployments.sweep import sweep

logger = logging.getLogger("deployments.worker")

SWEEP_EVERY = 3.0  # seconds
PRUNE_EVERY = 20  # sweeps


class Command(db_worker.Command):
    """The database worker, awake twice a second, with a sweep beside it that also takes old events away."""

    help = "Runs deployments and other tasks. Start as many as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Our defaults."""
        super().add_arguments(parser)
        parser.set_defaults(interval=0.5, reload=False, startup_delay=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        done = threading.Event()
        sweeper = threading.Thread(target=_sweep_until, args=(done,), name="sweep", daemon=True)
        sweeper.start()
        try:
            super().handle(*args, **options)
        finally:
            done.set()


def _sweep_until(done: threading.Event) -> None:
    prunings = pruning.steps()
    for number in count(1):
        if done.wait(SWEEP_EVERY):
            return
        try:
            if number % PRUNE_EVERY == 0:
                next(prunings)
            for deployment_id in sweep():
                logger.warning("Deployment %s was left by its worker and goes on", deployment_id)
        except Exception as error:  # noqa: BLE001  (a database that is away comes back; the sweep must live on)
            logger.warning("The sweep failed: %s", type(error).__name__)
            prunings = pruning.steps()  # one that raised has ended
        finally:
            connection.close()
