"""A Python tool's virtual environment for its container: made in one, by the image's own Python and pip."""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, engine, folders, packages, users
from deployments.runtimes.packages import TAIL, extras, is_stamped, sdk_wheel, stamp_of, switch

PATIENCE = packages.PATIENCE
INSTALL = "install"  # the role of a container that installs
WHERE = "/vendo"  # what belongs to the release, inside a container
# What pip may see of our environment: as for uv.
PASSED = re.compile(r"(PIP|SSL)_\w+|(https?|all|no)_proxy", re.IGNORECASE)
SCRIPT = """
set -e
python -m venv "$TARGET"
"$TARGET/bin/python" -m pip install --no-cache-dir --disable-pip-version-check --no-input --progress-bar off \
  --constraint /vendo/constraints.txt --requirement /vendo/requirements.txt
"""


def install(
    client: docker.DockerClient,
    deployment: Deployment,
    common: dict[str, Any],
    proceed: Callable[[], None],
    user: int | None,
) -> str:
    """Have an environment with the tool's requirements, `user`'s; returns what was done.

    `common` is what all containers with the tool's files share.
    """
    requirements, link = folders.code(deployment) / "requirements.txt", folders.venv(deployment)
    if not requirements.exists():
        return "Copied the tool's files; there is no requirements.txt."
    wheel = sdk_wheel(proceed)
    stamp = stamp_of(requirements, wheel, str(client.images.get(common["image"]).id))
    if is_stamped(link, stamp):
        return "Packages were in place already."
    fresh = folders.venvs(deployment) / secrets.token_hex(4)
    fresh.parent.mkdir(exist_ok=True, mode=0o700)
    users.hand_over(deployment, user)
    _write_lists(folders.release(deployment), requirements, wheel)
    try:
        _run(client, deployment, common | {"environment": environment(fresh.name)}, proceed)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    switch(link, fresh, stamp)
    return "Installed requirements.txt."


def environment(name: str) -> dict[str, str]:
    """What the installer sees."""
    return packages.passed(PASSED) | {"TARGET": f"{WHERE}/venvs/{name}", "HOME": "/tmp"}  # noqa: S108  (the container's)


def sweep(client: docker.DockerClient, deployment: Deployment) -> None:
    """End installers whose worker is gone."""
    labels = [f"{engine.MARK}={deployment.pk}", f"{engine.ROLE}={INSTALL}"]
    for container in client.containers.list(all=True, filters={"label": labels}):
        engine.discard(container)


def rewritten(lines: Iterable[str], ours: str) -> str:
    """The requirements, with our SDK from our own file in place of any version that an index may have."""
    asked = re.compile(r"^\s*vendo\s*(\[[\w\s,-]*\])?\s*([<>=!~;@ ].*)?$", re.IGNORECASE | re.ASCII)
    return "".join(
        f"vendo{extras(line)} @ {ours}\n" if asked.match(line.partition("#")[0].rstrip()) else f"{line}\n"
        for line in lines
    )


def _write_lists(folder: Path, requirements: Path, wheel: Path | None) -> None:
    """What is installed. The constraint is for packages that require our SDK in their turn."""
    lines = requirements.read_text().splitlines()
    ours = f"file://{WHERE}/{wheel.name}" if wheel else ""
    if wheel:
        shutil.copyfile(wheel, folder / wheel.name)
    (folder / "requirements.txt").write_text(rewritten(lines, ours) if wheel else "\n".join(lines) + "\n")
    (folder / "constraints.txt").write_text(f"vendo @ {ours}\n" if wheel else "")
    for path in folder.glob("*.*"):
        path.chmod(0o644)


def _run(
    client: docker.DockerClient, deployment: Deployment, options: dict[str, Any], proceed: Callable[[], None]
) -> None:
    sweep(client, deployment)
    labels = {engine.MARK: str(deployment.pk), engine.ROLE: INSTALL}
    container = client.containers.create(
        command=["/bin/sh", "-c", SCRIPT],
        entrypoint=[],
        labels=labels,
        working_dir=f"{WHERE}/app",
        **options,
    )
    try:
        container.start()
        code = _wait(container, proceed)
        if code != 0:
            raise _failure(container, code)
    finally:
        engine.discard(container)


def _wait(container: Container, proceed: Callable[[], None]) -> int | None:
    """The exit code, or None when patience ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        proceed()
        container.reload()
        if container.status not in {"created", "running", "initialized"}:
            return int(container.attrs["State"]["ExitCode"])
        time.sleep(0.5)
    return None


def _failure(container: Container, code: int | None) -> RuntimeFailed:
    return packages.failure(
        "Installing requirements.txt failed.", code, container.logs(tail=TAIL).decode(errors="replace")
    )
