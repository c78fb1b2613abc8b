"""What `tool_supervisor` does where tools are containers: has those run that should, and no others.

The engine starts a container again after a crash, a few times and without much of a pause. From there on it is for us,
and so is the time after a boot of the machine.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError, connection

from deployments.models import Deployment
from deployments.runtimes import Runtime, RuntimeFailed, Status, engine

logger = logging.getLogger(__name__)

LOOK_EVERY = 3.0  # seconds
SHORTEST, LONGEST = 2.0, 300.0  # seconds between two tries
WELL_AFTER = 60.0  # seconds of life that make up for the crashes before

States, Desired = Deployment.Status, Deployment.Desired


@dataclass(slots=True)
class Tries:
    """How often a tool was started in vain, and when it is its turn again."""

    number: int = 0
    at: float = 0.0

    def failed(self, now: float) -> None:
        """Wait twice as long as the last time."""
        self.at = now + min(LONGEST, SHORTEST * 2**self.number)
        self.number = min(self.number + 1, 16)


@dataclass(slots=True)
class Keeper:
    """Looks again and again. Two at a time do no harm: the engine lets a tool have one container."""

    runtime: Runtime
    clock: Callable[[], float] = time.monotonic
    tries: dict[UUID, Tries] = field(default_factory=dict)
    silent: bool = False

    def run(self, done: threading.Event) -> None:
        """Until told to stop. The tools go on."""
        while not done.wait(LOOK_EVERY):
            try:
                self.look()
            except (RuntimeFailed, DatabaseError) as error:
                # Said once, not every three seconds.
                if not self.silent:
                    logger.warning("Tools are left as they are: %s", getattr(error, "message", type(error).__name__))
                self.silent = True
            else:
                self.silent = False
            finally:
                connection.close()

    def look(self) -> None:
        """One round."""
        at_rest = Deployment.everyone.filter(operation="")
        for deployment in at_rest.filter(desired_state=Desired.RUNNING, status__in=[States.RUNNING, States.DEGRADED]):
            self._keep(deployment)
        for deployment in at_rest.filter(pk__in=_with_container()).exclude(desired_state=Desired.RUNNING):
            self._stop(deployment)

    def _keep(self, deployment: Deployment) -> None:
        state, now = self.runtime.state(deployment), self.clock()
        tries = self.tries.setdefault(deployment.pk, Tries())
        if state.status is Status.UNKNOWN:
            raise engine.unreachable()
        if state.alive or state.status is Status.FALTERING:
            if state.since and time.time() - state.since.timestamp() > WELL_AFTER:
                tries.number = 0
        elif now >= tries.at:
            tries.failed(now)
            self._start(deployment)

    def _start(self, deployment: Deployment) -> None:
        logger.warning("Deployment %s does not run and is started", deployment.pk)
        try:
            self.runtime.start(deployment)
        except RuntimeFailed as failure:
            logger.warning("Deployment %s can not be started: %s", deployment.pk, failure.message)
        # Somebody may have suspended it between our look and our start.
        deployment.refresh_from_db(fields=["desired_state"])
        if deployment.desired_state != Desired.RUNNING:
            self._stop(deployment)

    def _stop(self, deployment: Deployment) -> None:
        logger.warning("Deployment %s should not run and is stopped", deployment.pk)
        self.runtime.stop(deployment)


def _with_container() -> list[UUID]:
    with engine.engine() as client:
        found = client.containers.list(all=True, filters={"label": engine.MARK})
        return [UUID(container.labels[engine.MARK]) for container in found]
