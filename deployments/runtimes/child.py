"""The last moment before a tool runs: its environment comes out of the vault and replaces ours.

supervisord starts `manage.py run_tool <deployment>`, which ends here in an exec. Nothing of the dashboard's own
environment (its keys!) is passed on, and no secret of the tool touches the disk.
"""

import ctypes
import os
import shlex
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import UUID

from django.db import OperationalError, connection

from deployments import changes
from deployments.manifest import published
from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders, limits, users

PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELL_WORDS = frozenset("$&|;<>()`*?[]#~\n")
DATABASE_WITHIN = 60.0  # seconds; after a boot of the machine the database may come later than we do
PR_SET_PDEATHSIG = 1


class NotToRun(Exception):
    """The tool must not run, or can't; says why."""


@dataclass(frozen=True, slots=True)
class Child:
    """What will be executed, and where."""

    folder: Path
    command: list[str]
    environment: dict[str, str]
    user: int | None


def prepare(deployment_id: UUID) -> Child:
    """Read what the tool needs. Raises `NotToRun`."""
    deployment = _deployment(deployment_id)
    if deployment.desired_state != Deployment.Desired.RUNNING:
        raise NotToRun(f"{deployment.name} is {deployment.desired_state}.")
    folder = folders.code(deployment)
    if not folder.is_dir():
        raise NotToRun(f"{folder} is missing. Deploy the tool again.")
    release = published(deployment.release)
    return Child(folder, argv(release.service.command), _environment(deployment), _user(deployment))


def execute(child: Child) -> NoReturn:
    """Become the tool."""
    connection.close()
    limits.apply(own_user=child.user is not None)
    users.become(child.user)
    die_with_parent()  # a change of the user makes Linux forget it
    os.chdir(child.folder)
    os.umask(0o077)
    sys.stdout.flush()
    os.execvpe(child.command[0], child.command, child.environment)  # noqa: S606  (no shell, unless the command needs one)


def argv(command: str) -> list[str]:
    """The words of a start command. A shell is called in only where the command speaks to one (`$PORT`, `&&`, …)."""
    if SHELL_WORDS.isdisjoint(command):
        try:
            if words := shlex.split(command):
                return words
        except ValueError:
            pass  # quotes do not pair: the shell will say so in its own words
    return ["/bin/sh", "-c", command]


def die_with_parent() -> None:
    """Ask Linux to end us when supervisord dies without a word; orphans would keep their ports."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _user(deployment: Deployment) -> int | None:
    """Whom the tool runs as; its files are that user's from here on, whoever made them."""
    try:
        user = users.of(deployment)
        users.hand_over(deployment, user)
        users.open_the_way(user)
    except RuntimeFailed as failure:
        raise NotToRun(f"{failure.message} {failure.remedy}") from None
    return user


def _environment(deployment: Deployment) -> dict[str, str]:
    venv = folders.venv(deployment)
    base = {
        "PATH": PROGRAMS,
        "HOME": str(folders.private(deployment)),
        "LANG": "C.UTF-8",
    }
    if venv.exists():
        # Unbuffered, so that the log shows lines when they are written.
        base |= {"PATH": f"{venv / 'bin'}:{PROGRAMS}", "VIRTUAL_ENV": str(venv), "PYTHONUNBUFFERED": "1"}
    return changes.hand_over(deployment) | base


def _deployment(deployment_id: UUID) -> Deployment:
    deadline = time.monotonic() + DATABASE_WITHIN
    rows = Deployment.everyone.select_related("release")
    while True:
        try:
            found: Deployment | None = rows.filter(pk=deployment_id).first()
            break
        except OperationalError:
            if time.monotonic() > deadline:
                raise NotToRun("The database does not answer.") from None
            connection.close()
            time.sleep(1)
    if found is None:
        raise NotToRun("There is no such deployment.")
    return found
