"""The container engine, through the Docker Engine API (Docker, or Podman's service of the same)."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache

import docker
import requests
from django.conf import settings
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed

ANSWER_WITHIN = 60  # seconds; stopping a container takes STOP_WITHIN, and creating one on a busy machine not much less
STOP_WITHIN = 10  # seconds until SIGKILL
MARK = "vendo.deployment"  # the label with the deployment's id
NEVER_RAN = frozenset({"created", "configured", "initialized"})
ROLE = "vendo.role"
RELEASE = "vendo.release"


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """A connection for one piece of work. Raises `RuntimeFailed` where the engine does not answer, or refuses."""
    try:
        _knock()
        address = settings.DOCKER_HOST
        client = docker.DockerClient(base_url=address, version=_version(address), timeout=ANSWER_WITHIN)
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        raise unreachable(error) from None
    try:
        yield client
    except APIError as error:
        raise RuntimeFailed(
            f"The container engine refused: {str(error.explanation or type(error).__name__).strip()[:500]}.",
            "If the reason is not clear, look into the engine's log. Then retry.",
        ) from None
    except (DockerException, requests.RequestException, OSError) as error:
        raise unreachable(error) from None
    finally:
        client.close()


def unreachable(error: BaseException | None = None) -> RuntimeFailed:
    """What to raise where nobody answers."""
    why = f" ({getattr(error, 'strerror', None) or type(error).__name__})" if error else ""
    return RuntimeFailed(
        f"No container engine answers at {settings.DOCKER_HOST}{why}.",
        "Start Docker, or `podman system service --time 0`, or set DOCKER_HOST to where it listens; then retry.",
    )


def obstacle() -> str:
    """Why no engine can be used; "" where one answers."""
    try:
        with engine() as client:
            client.ping()
    except RuntimeFailed as failure:
        return failure.message
    return ""


def find(client: docker.DockerClient, deployment: Deployment) -> Container | None:
    """The deployment's one container. Its name is the deployment's id, so the engine allows no second one."""
    try:
        return client.containers.get(str(deployment.pk))
    except NotFound:
        return None


def stop(container: Container) -> None:
    """End it; one that has ended or is gone will do."""
    try:
        container.stop(timeout=STOP_WITHIN)
    except NotFound:
        pass
    except APIError as error:
        # Podman refuses to stop what never ran.
        if error.status_code is None or error.status_code < 500 or container.status not in NEVER_RAN:
            raise


def discard(container: Container) -> None:
    """Delete it, running or not; one that is gone already will do."""
    with suppress(NotFound):
        container.remove(force=True, v=True)


def volume(deployment: Deployment) -> str:
    """The name of the volume that is HOME of a tool from an image."""
    return f"vendo-{deployment.pk}"


def discard_volume(client: docker.DockerClient, deployment: Deployment) -> None:
    """Delete it; none at all will do."""
    with suppress(NotFound):
        client.volumes.get(volume(deployment)).remove(force=True)


@cache
def rootless(address: str) -> bool:
    """Whether the engine there is an ordinary user's own: root in its containers is that user outside."""
    with closing(docker.APIClient(base_url=address, version=_version(address), timeout=ANSWER_WITHIN)) as client:
        return any("rootless" in option for option in client.info().get("SecurityOptions") or [])


@cache
def _version(address: str) -> str:
    """The version of the API that the engine there speaks; it goes on speaking it when it is replaced by a newer one.

    Asked once by each of our processes: Podman takes half a second to answer.
    """
    with closing(docker.APIClient(base_url=address, version="auto", timeout=ANSWER_WITHIN)) as client:
        return str(client.api_version)


def _knock() -> None:
    """Raise `OSError` with the system's own word where nobody listens; the library would wrap it several times."""
    scheme, _, path = settings.DOCKER_HOST.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_WITHIN)
            probe.connect(path)
