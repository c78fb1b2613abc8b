"""The container engine of a stack, to be killed and started again."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 30.0  # seconds


class Engine:
    """Whatever serves the Docker Engine API at `address`. What it had been started with, it is started with again."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        self.ours: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """As by the kernel. Its containers know nothing of it."""
        served_by = next(
            process for process in Path("/proc").glob("[0-9]*") if self.address in words(process, "cmdline")
        )
        self.command = words(served_by, "cmdline")
        self.environment = dict(word.split("=", 1) for word in words(served_by, "environ"))
        os.kill(int(served_by.name), signal.SIGKILL)
        if self.ours:
            self.ours.wait()

    def start(self) -> None:
        """Again, at the same address."""
        self.ours = subprocess.Popen(self.command, env=self.environment, start_new_session=True)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.address.removeprefix("unix://"))
                return
            time.sleep(0.05)
        raise AssertionError("The container engine does not start again.")

    def stop(self) -> None:
        """The one that we started; the one before it belongs to somebody else."""
        if self.ours:
            self.ours.terminate()
            self.ours.wait()
            self.ours = None


def words(process: Path, file: str) -> list[str]:
    """A file of /proc whose words end with NUL."""
    with suppress(OSError):
        return (process / file).read_text(errors="replace").rstrip("\0").split("\0")
    return []
