"""How a deployment's container is made: image, command, environment, mounts, port, limits."""

import os
from collections.abc import Mapping
from typing import Any

import docker
from django.conf import settings
from docker.types import LogConfig, Mount

from deployments import changes
from deployments.manifest import Published, published
from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, child, engine, folders, limits, users
from deployments.runtimes.container_packages import WHERE

HOME = "/home/tool"
TOOL = "tool"  # the role of a deployment's one container
TRIES = (
    5  # starts that the engine makes by itself after a crash; after that `tool_supervisor` does, less and less often
)
LOG = {"max-size": "1m"}
# The first process of a container is deaf to signals that it does not handle, SIGTERM among them, and few tools handle
# that. This one passes it on, and ends as the tool does. (Engines have an init of their own, but Podman not always.)
INIT = """
"$@" & tool=$!
trap 'kill -TERM "$tool"' TERM INT
wait "$tool"; code=$?
while kill -0 "$tool" 2>/dev/null; do wait "$tool"; code=$?; done
exit "$code"
"""


def of(client: docker.DockerClient, deployment: Deployment) -> dict[str, Any]:
    """What `containers.create` takes, with the environment as the vault has it now, which is put on record.

    Raises `RuntimeFailed`.
    """
    release = published(deployment.release)
    form = _of_image(release, deployment) if release.service.image else _of_files(client, release, deployment)
    port = _inner_port(release, deployment)
    variables = changes.hand_over(deployment) | form.pop("environment") | {"PORT": str(port)}
    # Where a container has an address of its own, that is the one to listen on.
    return form | {
        "environment": variables | ({} if _is_host() else {"HOST": "0.0.0.0"}),  # noqa: S104  (the container's own)
        "labels": {
            engine.MARK: str(deployment.pk),
            engine.ROLE: TOOL,
            engine.RELEASE: str(deployment.release_id),
        },
        "hostname": None if _is_host() else deployment.slug,
        "ports": {} if _is_host() else _ports(release, deployment, port),
        "restart_policy": {"Name": "on-failure", "MaximumRetryCount": TRIES},
        "log_config": LogConfig(type="json-file", config=LOG),
    }


def common(deployment: Deployment) -> dict[str, Any]:
    """What all containers with the tool's files share, the one that installs packages too."""
    user = "0:0" if engine.rootless(settings.DOCKER_HOST) else _identity(user_of(deployment))
    return _limits() | {
        "image": settings.DOCKER_IMAGE,
        "user": user,
        "mounts": [Mount(WHERE, str(folders.release(deployment)), type="bind")],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "network_mode": settings.DOCKER_NETWORK,
    }


def user_of(deployment: Deployment) -> int | None:
    """Whom the tool's files belong to: a user of the deployment's own, where we may choose."""
    if os.geteuid() != 0 or settings.TOOL_USERS == users.NONE:
        return None
    return users.allotted(deployment)


def _of_files(client: docker.DockerClient, release: Published, deployment: Deployment) -> dict[str, Any]:
    """The base image with the tool's working copy."""
    if not folders.code(deployment).is_dir():
        raise RuntimeFailed("The tool's files are missing.", "Deploy the tool again.")
    form = common(deployment)
    form["mounts"] = [*form["mounts"], Mount(HOME, str(folders.private(deployment)), type="bind")]
    return form | {
        "entrypoint": [],
        "command": ["/bin/sh", "-c", INIT, "tool", *child.argv(release.service.command)],
        "working_dir": f"{WHERE}/app",
        "environment": _python(client, deployment) | {"HOME": HOME, "LANG": "C.UTF-8"},
    }


def _of_image(release: Published, deployment: Deployment) -> dict[str, Any]:
    """An image that brings everything. Whom it runs as is its own affair."""
    return _limits() | {
        "image": release.service.image,
        "command": child.argv(release.service.command) if release.service.command else None,
        "mounts": [Mount(HOME, engine.volume(deployment), type="volume")],
        "environment": {"HOME": HOME},
        "security_opt": ["no-new-privileges"],
        "network_mode": settings.DOCKER_NETWORK,
    }


def _python(client: docker.DockerClient, deployment: Deployment) -> dict[str, str]:
    """PATH with the tool's packages first, where it has any."""
    path = _variables(client.images.get(settings.DOCKER_IMAGE).attrs).get("PATH", child.PROGRAMS)
    found = {"PYTHONUNBUFFERED": "1"}
    if not folders.venv(deployment).is_symlink():
        return found | {"PATH": path}
    venv = f"{WHERE}/venv"
    return found | {"PATH": f"{venv}/bin:{path}", "VIRTUAL_ENV": venv}


def _variables(image: Mapping[str, Any]) -> dict[str, str]:
    """The environment that an image sets itself."""
    pairs = (entry.partition("=") for entry in (image.get("Config") or {}).get("Env") or [])
    return {name: value for name, _, value in pairs}


def _limits() -> dict[str, Any]:
    memory = limits.memory_bytes()
    return {"pids_limit": settings.TOOL_PROCESSES} | ({"mem_limit": memory} if memory else {})


def _inner_port(release: Published, deployment: Deployment) -> int:
    """Where the tool listens: on its image's own port, if that declares one, else on the one it was given."""
    assert deployment.port is not None
    own = release.service.port if release.service.image and not _is_host() else None
    return own or deployment.port


def _ports(release: Published, deployment: Deployment, port: int) -> dict[str, tuple[str, int]]:
    """Published on this machine and for nobody else."""
    assert deployment.port is not None
    published_ports = {f"{port}/tcp": ("127.0.0.1", deployment.port)}
    if health := release.readiness.port:
        published_ports.setdefault(f"{health}/tcp", ("127.0.0.1", health))
    return published_ports


def _is_host() -> bool:
    return bool(settings.DOCKER_NETWORK == "host")


def _identity(user: int | None) -> str:
    return f"{os.getuid()}:{os.getgid()}" if user is None else f"{user}:{user}"
