"""What a tool wrote: a log file and those that rotation put aside, read as one text.

A position names a place in it that survives rotation: a file's inode, a check sum of how it begins (inodes are used
again), and an offset.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BEGINNING = 64  # bytes that tell a file from another one with its inode
DIGITS = 18


@dataclass(frozen=True, slots=True)
class Piece:
    """Complete lines, oldest first; where to go on; and whether what should have come first is gone by now."""

    lines: list[str]
    position: str
    gap: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """One file from `start` to its end."""

    inode: int
    start: int
    data: bytes
    beginning: bytes

    def position(self, offset: int) -> str:
        return f"{self.inode}.{zlib.crc32(self.beginning[:offset])}.{offset}"


def read(path: Path, since: str = "", lines: int | None = None, *, unfinished: bool = False) -> Piece:
    """What stands in `path` and its older files `path.1`, `path.2`, … after `since`; of it the last `lines`.

    A last line that has no end yet is left for later, unless `unfinished`.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(file) for file in _open(path)]
        parts, found = _newest_first(files, since, lines)
    data = b"".join(part.data for part in parts)
    complete = data.rfind(b"\n") + 1
    text = data[: None if unfinished else complete].decode(errors="replace")
    written = text.removesuffix("\n").split("\n") if text else []
    kept = written if lines is None else written[len(written) - min(lines, len(written)) :]
    return Piece(kept, _position(parts, complete) or since, gap=bool(since) and not found)


def _open(path: Path) -> Iterator[BinaryIO]:
    """The newest file first. A rotation meanwhile shows a file a second time, under its next name."""
    seen = set[int]()
    number = 0
    while True:
        try:
            file = (path.with_name(f"{path.name}.{number}") if number else path).open("rb")
        except OSError:
            if number:
                return
            number += 1  # between two files of a rotation there is none of that name
            continue
        number += 1
        inode = os.fstat(file.fileno()).st_ino
        if inode in seen:
            file.close()
        else:
            seen.add(inode)
            yield file


def _newest_first(files: list[BinaryIO], since: str, lines: int | None) -> tuple[list[_Read], bool]:
    """The files' parts after `since`, in the order in which they were written, and whether `since` was found."""
    parts: list[_Read] = []
    for file in files:
        start = _offset(file, since)
        parts.insert(0, _read(file, start or 0))
        if start is not None:
            return parts, True
        if not since and lines is not None and sum(part.data.count(b"\n") for part in parts) > lines:
            break
    return parts, False


def number(position: str) -> int | None:
    """The offset that a position ends with; None for what is no position, as it comes from outside."""
    digits = position.rpartition(".")[2]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS else None


def _offset(file: BinaryIO, since: str) -> int | None:
    """Where `since` is in the file, if it is in it."""
    offset = number(since)
    if offset is None or offset > os.fstat(file.fileno()).st_size:
        return None
    return offset if _read(file, 0, BEGINNING).position(offset) == since else None


def _read(file: BinaryIO, start: int, length: int = -1) -> _Read:
    file.seek(0)
    beginning = file.read(BEGINNING)
    file.seek(start)
    return _Read(os.fstat(file.fileno()).st_ino, start, file.read(length), beginning)


def _position(parts: list[_Read], complete: int) -> str:
    """The position after `complete` bytes of all parts together; "" where there are none."""
    for part in parts:
        if complete <= len(part.data):
            return part.position(part.start + complete)
        complete -= len(part.data)
    return ""
