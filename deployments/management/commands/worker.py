"""`manage.py worker`: runs what is in the queue, and takes up what dead workers left."""

import logging
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from itertools import count
from typing import Any

from django.db import connection
from django_tasks_db.management.commands import db_worker

from connections import watch
from deployments import monitor, pruning
from deployments.sweep import sweep

logger = logging.getLogger("deployments.worker")

SWEEP_EVERY = 3.0  # seconds
PRUNE_EVERY = 20  # sweeps
LOOK_EVERY = 1.0  # seconds until the next look for tools whose health is due to be checked
TRY_EVERY = 30.0  # seconds until the next look for connections that are due to be tried


class Command(db_worker.Command):
    """The database worker, awake twice a second; beside it a sweep, and looks after tools and connections."""

    help = "Runs deployments and other tasks. Start as many as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Our defaults."""
        super().add_arguments(parser)
        parser.set_defaults(interval=0.5, reload=False, startup_delay=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        done = threading.Event()
        beside = (
            ("sweep", SWEEP_EVERY, _Sweep()),
            ("health check", LOOK_EVERY, _watch),
            ("look after connections", TRY_EVERY, _look_after_connections),
        )
        for name, every, rounds in beside:
            threading.Thread(target=_repeat, args=(done, name, every, rounds), name=name, daemon=True).start()
        try:
            super().handle(*args, **options)
        finally:
            done.set()


def _repeat(done: threading.Event, name: str, every: float, round_: Callable[[], None]) -> None:
    while not done.wait(every):
        try:
            round_()
        except Exception as error:  # noqa: BLE001  (a database that is away comes back; this thread must live on)
            logger.warning("The %s failed: %s", name, type(error).__name__)
        finally:
            connection.close()


class _Sweep:
    """A round takes up what dead workers left, and now and then takes old events away."""

    def __init__(self) -> None:
        self.numbers, self.prunings = count(1), pruning.steps()

    def __call__(self) -> None:
        if next(self.numbers) % PRUNE_EVERY == 0:
            self._prune()
        for deployment_id in sweep():
            logger.warning("Deployment %s was left by its worker and goes on", deployment_id)

    def _prune(self) -> None:
        try:
            next(self.prunings)
        except Exception:
            self.prunings = pruning.steps()  # one that raised has ended
            raise


def _watch() -> None:
    """A round asks those tools whose turn it is."""
    for deployment_id in monitor.check():
        logger.info("Deployment %s is in another state of health", deployment_id)


def _look_after_connections() -> None:
    """A round tries those whose turn it is, and renews those that would die of disuse."""
    for connection_id in watch.look():
        logger.info("Connection %s needs its person", connection_id)
