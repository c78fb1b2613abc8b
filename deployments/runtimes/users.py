"""System users of tools: numbers without names, one for each deployment, where we are root and may be anybody.

Whose number it is stands nowhere but in the owner of the deployment's HOME, so nothing can contradict it. A tool's
user owns its working copies, packages and HOME. The folders around them stay ours, so that where we write, no tool
can put a link in the way.
"""

import fcntl
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from deployments.manifest import published
from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders

AUTO, NONE = "auto", "none"
USUAL = range(700_000, 760_000)
# Of our data folder, what tools' users may pass through or read; the rest is closed to them.
OPEN = frozenset({"tools", "wheels", "static"})


def of(deployment: Deployment) -> int | None:
    """The user that the deployment's process gets; None where tools run as we do. Raises `RuntimeFailed`."""
    return allotted(deployment) if _separate(published(deployment.release).runtime == "python") else None


def allotted(deployment: Deployment) -> int:
    """The deployment's user, chosen at the first call. Takes root. Raises `RuntimeFailed` where all are taken."""
    folder = folders.private(deployment)
    with _turn():
        folders.make(deployment)
        if (owner := folder.stat().st_uid) in _range():
            return owner
        taken = {path.stat().st_uid for path in folders.all_private()}
        free = next((number for number in _range() if number not in taken), None)
        if free is None:
            raise RuntimeFailed("All system users for tools are taken.", "Ask an operator to widen VENDO_TOOL_USERS.")
        _give(folder, free)
        return free


def hand_over(deployment: Deployment, user: int | None) -> None:
    """Make the deployment's files that user's. Nobody else can read them, save us."""
    if user is None:
        return
    around = [folders.home(deployment), folders.releases(deployment), *folders.releases(deployment).iterdir()]
    for folder in around:
        os.chown(folder, -1, user)
        folder.chmod(0o710)
    for name in ("app", "venvs"):
        for folder in folders.releases(deployment).glob(f"*/{name}"):
            _give(folder, user)


def identity(user: int | None) -> dict[str, Any]:
    """How to start a process as that user."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def become(user: int | None) -> None:
    """Be that user from here on; there is no way back."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def open_the_way(user: int | None) -> None:
    """Let tools' users pass through our data folder, each to its own files and to nothing else of ours."""
    if user is None:
        return
    root = Path(settings.DATA_DIR)
    for path in root.iterdir():
        if path.name not in OPEN and not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o770)
    folders.all_tools().chmod(0o711)
    root.chmod(root.stat().st_mode & 0o770 | 0o001)


def _separate(with_python: bool) -> bool:  # noqa: FBT001
    """Whether a tool, one `with_python`, has a user of its own.

    Raises `RuntimeFailed` where that is asked for and can't be.
    """
    if settings.TOOL_USERS == NONE:
        return False
    problem = obstacle(str(settings.DATA_DIR), _range()[0], with_python)
    if problem and settings.TOOL_USERS != AUTO:
        raise RuntimeFailed(f"Tools can't run as users of their own: {problem}.", "Ask an operator to look into it.")
    return not problem


@functools.cache
def obstacle(data_dir: str, user: int, with_python: bool) -> str:  # noqa: FBT001  (part of the cache's key)
    """Why that user could not run a tool of that folder, one `with_python`; "" where nothing is in the way."""
    if os.geteuid() != 0:
        return "that takes the rights of root"
    closed = [str(path) for path in Path(data_dir).parents if not path.stat().st_mode & 0o001]
    if closed:
        return f"{closed[0]} is closed to other users"
    return _without_python(user) if with_python else ""


def _without_python(user: int) -> str:
    # Our Python, which makes a tool's environment and is copied into it.
    command, problem = [sys.executable, "-m", "uv", "--version"], f"{sys.executable} does not start as one"
    try:
        done = subprocess.run(
            command,
            env={"PATH": os.defpath},
            cwd="/",
            capture_output=True,
            check=False,
            timeout=60,
            **identity(user),
        )
    except (OSError, subprocess.SubprocessError):
        return problem
    return problem if done.returncode else ""


def is_range(text: str) -> bool:
    """Whether it names at least one user, and not root."""
    first, _, last = text.partition("-")
    return first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last)


def _range() -> range:
    if settings.TOOL_USERS in {AUTO, NONE}:
        return USUAL
    first, _, last = settings.TOOL_USERS.partition("-")
    return range(int(first), int(last) + 1)


def _give(folder: Path, user: int) -> None:
    """All of a folder, unless it was given before.

    From the leaves to the root: what is inside a folder that the user owns already is not touched again.
    """
    if folder.stat().st_uid == user:
        return
    for path, names, files in os.walk(folder, topdown=False):
        for name in (*names, *files):
            os.chown(Path(path) / name, user, user, follow_symlinks=False)
    os.chown(folder, user, user)


@contextmanager
def _turn() -> Iterator[None]:
    """One process at a time."""
    folders.all_tools().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folders.all_tools() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
