"""`python -m tests.e2e.crew 10`: ten workers. Django is loaded once, and each worker is a fork of it."""

import os
import signal
import sys
from contextlib import suppress

import django


def main(size: int) -> None:
    """Returns in each worker, and in their parent once all have ended."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendo_site.settings")
    django.setup()
    from django.core.management import call_command, load_command_class

    worker = load_command_class("deployments", "worker")
    signal.signal(signal.SIGTERM, _end)
    for _ in range(size):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            call_command(worker)
            return
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _end(*_: object) -> None:
    """A farewell goes to all of them: they share a process group with nobody else."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
