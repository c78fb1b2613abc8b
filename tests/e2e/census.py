"""Counts the processes of each tool, again and again, by what stands in their environment. Linux only."""

import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

EVERY = 0.1  # seconds
MARK = b"VENDO_DEPLOYMENT_ID="


class Census:
    """Runs while the `with` lasts; `most` is the largest number that a deployment ever had at once."""

    def __init__(self) -> None:
        self.most: Counter[str] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_round, name="census", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _go_round(self) -> None:
        while not self._over.wait(EVERY):
            self.most |= children()


def children() -> Counter[str]:
    """deployment → its processes, now. In containers too: we see into them."""
    found: Counter[str] = Counter()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            found.update(entry.removeprefix(MARK).decode() for entry in variables if entry.startswith(MARK))
    return found
