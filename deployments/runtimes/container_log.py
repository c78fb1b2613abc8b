"""What a tool wrote in its containers, one after the other.

A container's output goes with the container, so before it goes that is added to the deployment's log file as a section,
behind which a line says whose it was. A position is a container, a check sum of how its output began (an engine that
has cut it begins anew), and an offset. Times are left alone: Podman puts them in the middle of lines.
"""

import re
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError
from docker.models.containers import Container

from deployments.models import Deployment
from deployments.runtimes import folders, tail

KEPT = 1024 * 1024  # bytes after which a log file is put aside, in place of the one put aside before
END = b"\0end of "
END_LINE = re.compile(rb"^\0end of (\w+)\n", re.MULTILINE)
BEGINNING = 64  # bytes


@dataclass(frozen=True, slots=True)
class Section:
    """What one container wrote."""

    container: str
    data: bytes

    def position(self, offset: int) -> str:
        """The place after so many bytes of it."""
        return f"{self.container}.{zlib.crc32(self.data[: min(BEGINNING, offset)])}.{offset}"

    def offset(self, position: str) -> int | None:
        """Where a position is, if it is in here."""
        offset = tail.number(position)
        if offset is None or offset > len(self.data):
            return None
        return offset if self.position(offset) == position else None


def read(
    deployment: Deployment,
    container: Container | None,
    since: str = "",
    lines: int | None = None,
    *,
    unfinished: bool = False,
) -> tail.Piece:
    """What came after `since`, of it the last `lines`; what there is of it without a container.

    A last line that has no end yet is left for later, unless `unfinished`.
    """
    sections = [*_earlier(deployment), *([_present(container)] if container else [])]
    parts, found = _after(sections, since)
    written = list(_lines(parts, unfinished=unfinished))
    kept = written if lines is None else written[len(written) - min(lines, len(written)) :]
    return tail.Piece(kept, _end(sections) or since, gap=bool(since) and not found)


def keep(deployment: Deployment, container: Container) -> None:
    """Save a container's output before the container goes. Whoever does it again changes nothing."""
    target, section = folders.log(deployment), _present(container)
    end = END + section.container.encode() + b"\n"
    written = _read(target)
    if written.endswith(end):
        return
    if len(written) > KEPT:
        target.replace(_aside(target))
        written = b""
    line_end = b"" if section.data.endswith(b"\n") or not section.data else b"\n"
    draft = target.with_name(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_bytes(written + section.data + line_end + end)
    draft.replace(target)


def _earlier(deployment: Deployment) -> Iterator[Section]:
    """Of containers that are gone."""
    target = folders.log(deployment)
    pieces = END_LINE.split(_read(_aside(target)) + _read(target))
    yield from (Section(name.decode(), data) for data, name in zip(pieces[::2], pieces[1::2], strict=False))


def _present(container: Container) -> Section:
    try:
        return Section(container.short_id, container.logs())
    except APIError:  # it was removed meanwhile
        return Section(container.short_id, b"")


def _after(sections: list[Section], since: str) -> tuple[list[bytes], bool]:
    """What follows the position, and whether that is known."""
    for number, section in enumerate(sections):
        if (offset := section.offset(since)) is not None:
            return [section.data[offset:], *(later.data for later in sections[number + 1 :])], True
    return [section.data for section in sections], False


def _lines(parts: list[bytes], *, unfinished: bool) -> Iterator[str]:
    """Complete lines. What a container wrote last is one, unless it may write on."""
    for number, part in enumerate(parts, start=1):
        lines = part.decode(errors="replace").split("\n")
        last = lines.pop()
        yield from (line.removesuffix("\r") for line in lines)
        if last and (unfinished or number < len(parts)):
            yield last


def _end(sections: list[Section]) -> str:
    """The position after the last complete line."""
    return sections[-1].position(sections[-1].data.rfind(b"\n") + 1) if sections else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _aside(target: Path) -> Path:
    return target.with_name(f"{target.name}.1")
