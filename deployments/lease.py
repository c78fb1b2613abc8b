"""Who may carry out an operation on a deployment: one worker at a time, and never one that was given up.

A lease is a random word in the row, taken with compare-and-set and prolonged by a thread. A worker that dies stops
prolonging it, and another takes over; a worker that was merely asleep finds another word in the row and writes nothing.
The same happens to one whose operation has given way to another (a deploy, say, to the wish to destroy): it finds out
when it next prolongs its lease or writes, and whoever carries out the other one waits until it has let go.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from deployments.models import Deployment

logger = logging.getLogger(__name__)

LENGTH = 30.0  # seconds; a busy machine must not make a living worker look dead
RENEW_EVERY = 5.0  # seconds


class LeaseLost(Exception):
    """The deployment is somebody else's now, or something else is to be done. Whoever sees this must stop."""


def free() -> QuerySet[Deployment]:
    """Deployments with something under way that no living worker holds."""
    over = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    return _under_way().filter(over)


@dataclass(slots=True)
class Lease:
    """The right to carry out what is under way with one deployment."""

    deployment_id: UUID
    operation: str = ""  # known once it is taken
    word: str = field(default_factory=lambda: secrets.token_hex(16))
    # On this process's own clock, so that a changed system time can't prolong anything.
    good_until: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def take(self) -> bool:
        """Compare-and-set: true for exactly one of those who try while the lease is free."""
        now = time.monotonic()
        taken = free().filter(pk=self.deployment_id).update(lease=self.word, lease_until=_end())
        self.good_until = now + LENGTH if taken else 0.0
        if taken:
            self.operation = Deployment.everyone.values_list("operation", flat=True).get(pk=self.deployment_id)
        return bool(taken)

    def renew(self) -> bool:
        """Hold it longer; false when it is no longer ours."""
        now = time.monotonic()
        held = bool(self._mine().update(lease_until=_end()))
        self.good_until = now + LENGTH if held else 0.0
        return held

    def release(self) -> None:
        """Give it back. By then the operation may have ended, well or badly."""
        Deployment.everyone.filter(pk=self.deployment_id, lease=self.word).update(lease="", lease_until=None)
        self.good_until = 0.0

    def check(self) -> None:
        """Raise `LeaseLost` once the lease was not prolonged in time. Asks no database: for waits between writes."""
        if time.monotonic() >= self.good_until:
            raise LeaseLost

    @contextmanager
    def writing(self) -> Iterator[Deployment]:
        """A transaction with the row locked and the lease ours until its end. Raises `LeaseLost`."""
        with transaction.atomic():
            yield self.confirm()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that commits if the lease is ours at its end, for work that takes other locks first."""
        with transaction.atomic():
            yield
            self.confirm()

    def confirm(self) -> Deployment:
        """Lock the row for the rest of the transaction if the lease is ours. Raises `LeaseLost`."""
        row = self._mine().select_for_update(no_key=True, of=("self",)).select_related("tenant", "app", "release__tool")
        deployment = row.first()
        if deployment is None:
            raise LeaseLost
        return deployment

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong the lease from a thread for as long as the block runs, then give it back."""
        keeper = threading.Thread(target=self._keep, name=f"lease-{self.deployment_id}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._stop.set()
            keeper.join(timeout=RENEW_EVERY)
            try:
                self.release()
            except DatabaseError:
                logger.warning("The lease of deployment %s is left to run out", self.deployment_id)

    def _keep(self) -> None:
        try:
            while not self._stop.wait(RENEW_EVERY):
                try:
                    if not self.renew():
                        return
                except DatabaseError as error:
                    # Maybe next time; if not, `check` and `confirm` stop the work.
                    logger.warning("A lease could not be prolonged: %s", type(error).__name__)
        finally:
            connection.close()

    def _mine(self) -> QuerySet[Deployment]:
        return _under_way().filter(pk=self.deployment_id, lease=self.word, operation=self.operation)


def _under_way() -> QuerySet[Deployment]:
    """One that failed keeps its operation for Retry, and waits."""
    waiting = (Deployment.Status.FAILED, Deployment.Status.DESTROYED)
    rows: QuerySet[Deployment] = Deployment.everyone.exclude(operation="").exclude(status__in=waiting)
    return rows


def _end() -> datetime:
    return timezone.now() + timedelta(seconds=LENGTH)
