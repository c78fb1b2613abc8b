"""Never two processes of one tool, though the supervisor died and left one that takes its time to end.

Whoever is about to become a tool takes a lock and keeps it for as long as the tool runs: the open file outlives the
exec, and Linux lets go of the lock when the process ends, however it ends.
"""

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from deployments.runtimes import RuntimeFailed, supervisor

POLL = 0.1  # seconds between looks at the lock


def claim(deployment_id: UUID, patience: float = supervisor.STOP_WITHIN) -> None:
    """Be the tool's only process from here on; one that stays longer than `patience` (seconds) is killed.

    Raises `RuntimeFailed` where even that does not end it.
    """
    path = _file(deployment_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    # For reading, as the tool inherits it and must not be able to name another process in there.
    lock = os.open(path, os.O_RDONLY)
    if not _taken(lock, patience):
        _kill(path, deployment_id)
        if not _taken(lock, patience):
            raise RuntimeFailed("An earlier process of the tool does not end.", "Ask an operator to end it.")
    path.write_text(str(os.getpid()))
    os.set_inheritable(lock, True)  # noqa: FBT003  (takes no keyword)


def forget(deployment_id: UUID) -> None:
    """The tool will not run again."""
    _file(deployment_id).unlink(missing_ok=True)


def _file(deployment_id: UUID) -> Path:
    """Where the number of the tool's process is; the lock is on it."""
    return supervisor.programs() / f"{deployment_id}.pid"


def _taken(lock: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)


def _kill(path: Path, deployment_id: UUID) -> None:
    """Whoever wrote the file, and what it started: supervisord gives each tool a process group of its own.

    Of a tool that a shell starts, the shell may be gone and the tool still there.
    """
    with suppress(ValueError, ProcessLookupError):
        group = int(path.read_text())
        if _is_tools(group, deployment_id):
            os.killpg(group, signal.SIGKILL)


def _is_tools(group: int, deployment_id: UUID) -> bool:
    """Whether somebody in it was handed the tool's environment: where all have gone, others may have the number."""
    if not Path("/proc/self/environ").exists():  # not Linux, which alone tells
        return True
    mark = f"VENDO_DEPLOYMENT_ID={deployment_id}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # After the name in parentheses: state, parent, group (proc(5)).
            theirs = (process / "stat").read_text().rpartition(")")[2].split()[2]
            if int(theirs) == group and mark in (process / "environ").read_bytes():
                return True
    return False
