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
    """deployment → its processes, now. In containers too: we see into them. What a tool's process starts is its own."""
    marked: dict[str, tuple[str, str]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            for variable in variables:
                if variable.startswith(MARK):
                    marked[process.name] = variable.removeprefix(MARK).decode(), parent
    return Counter(deployment for deployment, parent in marked.values() if parent not in marked)
