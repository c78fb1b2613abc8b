"""Tools as containers, by the Docker Engine API.

A deployment has one container, which carries its id as its name. Its environment comes from the vault when it is
created, so a restart makes a new one.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import docker
from django.conf import settings
from docker.errors import APIError, ImageNotFound
from docker.models.containers import Container

from deployments import environment
from deployments.manifest import published
from deployments.models import Deployment
from deployments.runtimes import (
    Output,
    RuntimeFailed,
    RuntimeState,
    Status,
    container_log,
    container_packages,
    container_spec,
    copies,
    engine,
    folders,
    presentable_lines,
    users,
)

STATUS = {
    "created": Status.STOPPED,
    "configured": Status.STOPPED,
    "initialized": Status.STARTING,
    "running": Status.RUNNING,
    "stopping": Status.RUNNING,
    "paused": Status.RUNNING,
    "restarting": Status.FALTERING,
}
BACK_WITHIN = 10.0  # seconds from the end of a container until the engine has started it again, if it does


class DockerRuntime:
    """Docker, or Podman behind the same API."""

    def prepare(self, deployment: Deployment, proceed: Callable[[], None]) -> str:
        """The image; for a tool that comes as files a working copy, and its packages."""
        release = published(deployment.release)
        folders.make(deployment)
        with engine.engine() as client:
            done = fetch(client, release.service.image or settings.DOCKER_IMAGE, proceed)
            if release.service.image:
                return done
            copies.make(deployment)
            user = container_spec.user_of(deployment)
            users.hand_over(deployment, user)
            if release.runtime != "python":
                return "Copied the tool's files."
            common = container_spec.common(deployment)
            return container_packages.install(client, deployment, common, proceed, user)

    def start(self, deployment: Deployment, *, restart: bool = False) -> None:
        """A new container, unless one runs and may stay."""
        with engine.engine() as client:
            found = engine.find(client, deployment)
            if found is not None and not restart and _state(found).alive:
                return
            folders.make(deployment)
            options = container_spec.of(client, deployment)
            self._clear(deployment, found)
            self._create(client, deployment, options)
        if folders.releases(deployment).is_dir():
            copies.drop_old(deployment)

    def stop(self, deployment: Deployment) -> None:
        """End the container and delete it; what it wrote is kept."""
        with engine.engine() as client:
            container_packages.sweep(client, deployment)
            self._clear(deployment, engine.find(client, deployment))

    def state(self, deployment: Deployment) -> RuntimeState:
        """What the engine says about it."""
        try:
            with engine.engine() as client:
                found = engine.find(client, deployment)
                return _state(found) if found else RuntimeState(Status.STOPPED)
        except RuntimeFailed:
            return RuntimeState(Status.UNKNOWN)

    def logs(self, deployment: Deployment, lines: int = 200) -> str:
        """From the container and, where that is young, from those before it."""
        piece = self._asked(
            deployment, lambda found: container_log.read(deployment, found, lines=lines, unfinished=True)
        )
        return "\n".join(presentable_lines(piece.lines, environment.secret_values(deployment)))

    def output(self, deployment: Deployment, since: str = "", lines: int | None = None) -> Output:
        """From all of its containers; without an engine, from those that are gone."""
        piece = self._asked(deployment, lambda found: container_log.read(deployment, found, since, lines))
        shown = presentable_lines(piece.lines, environment.secret_values(deployment))
        return Output(shown, piece.position, piece.gap)

    def remove(self, deployment: Deployment) -> None:
        """Containers, the volume of an image's HOME, and the folder."""
        self.stop(deployment)
        with engine.engine() as client:
            engine.discard_volume(client, deployment)
        folders.delete(deployment)

    def _clear(self, deployment: Deployment, found: Container | None) -> None:
        if found is not None:
            engine.stop(found)
            if folders.log(deployment).parent.is_dir():
                container_log.keep(deployment, found)
            engine.discard(found)

    def _create(self, client: docker.DockerClient, deployment: Deployment, options: Mapping[str, Any]) -> None:
        try:
            container = client.containers.create(name=str(deployment.pk), **options)
        except APIError:
            # Another worker, which we took over from or which took over from us, was first. Theirs is as good.
            if (other := engine.find(client, deployment)) is None:
                raise
            container = other
        container.start()

    def _asked[T](self, deployment: Deployment, ask: Callable[[Container | None], T]) -> T:
        """What `ask` makes of the deployment's container, or of none where the engine can't be asked."""
        try:
            with engine.engine() as client:
                return ask(engine.find(client, deployment))
        except RuntimeFailed:
            return ask(None)


def fetch(client: docker.DockerClient, image: str, proceed: Callable[[], None]) -> str:
    """Have the image, from its registry if it is not here yet."""
    try:
        client.images.get(image)
    except ImageNotFound:
        pass
    else:
        return f"The image {image} was in place already."
    try:
        for progress in client.api.pull(image, tag=None if _has_tag(image) else "latest", stream=True, decode=True):
            proceed()
            if isinstance(progress, dict) and progress.get("error"):
                raise _not_fetched(image, str(progress["error"]))
    except APIError as error:
        raise _not_fetched(image, str(error.explanation or "")) from None
    return f"Fetched the image {image}."


def _has_tag(image: str) -> bool:
    return ":" in image.rpartition("/")[2] or "@" in image


def _not_fetched(image: str, said: str) -> RuntimeFailed:
    return RuntimeFailed(
        f"The image {image} could not be fetched.",
        "Is its name right, and does the engine reach its registry? An operator can also load it by hand. Then retry.",
        said,
    )


def _state(container: Container) -> RuntimeState:
    facts = container.attrs["State"]
    status = STATUS.get(container.status, Status.ENDED)
    if status is Status.ENDED and _is_to_come_back(container):
        status = Status.FALTERING
    alive = status in {Status.STARTING, Status.RUNNING}
    return RuntimeState(
        status,
        pid=facts.get("Pid") or None,
        exit_code=None if alive or status is Status.STOPPED else facts.get("ExitCode"),
        since=_moment(facts.get("StartedAt" if alive else "FinishedAt")),
    )


def _is_to_come_back(container: Container) -> bool:
    """Whether the engine will start it again: between two lives Podman shows it as ended."""
    policy = container.attrs["HostConfig"].get("RestartPolicy") or {}
    tries = container.attrs.get("RestartCount") or 0
    ended = _moment(container.attrs["State"].get("FinishedAt"))
    recently = ended and time.time() - ended.timestamp() < BACK_WITHIN
    return bool(recently and container.attrs["State"]["ExitCode"] and tries < policy.get("MaximumRetryCount", 0))


def _moment(text: str | None) -> datetime | None:
    """When; None for the year 1, which stands for never."""
    if not text or text.startswith("0001"):
        return None
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
