"""What a tool wrote in its containers, one after the other.

A container's output goes with the container, so before it goes that is added to the deployment's log file, each line
behind its time as the engine told it. A position is a time and how many lines of that very time were given out: engines
stamp whole blocks, some of them by the second.
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from docker.errors import APIError
from docker.models.containers import Container

from deployments.models import Deployment
from deployments.runtimes import folders, tail

MARK = "# "  # begins the line that ends what one container wrote
STAMP = re.compile(r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d)")
KEPT = 2 * 1024 * 1024  # bytes of a file, and there are two

type Moment = tuple[int, int]  # seconds since 1970, and nanoseconds


@dataclass(frozen=True, slots=True)
class Line:
    """A line and when it was written."""

    at: Moment
    text: str


def read(deployment: Deployment, container: Container | None, since: str, lines: int | None) -> tail.Piece:
    """What came after `since`, of it the last `lines`; what there is of it without a container."""
    moment, given = _parse(since)
    present = _stamped(container, **({"since": moment[0]} if moment else {})) if container else []
    everything = [*_earlier(deployment, moment), *_lines(present)]
    fresh = _after(everything, moment, given)
    kept = fresh if lines is None else fresh[len(fresh) - min(lines, len(fresh)) :]
    gap = moment is not None and all(line.at > moment for line in everything) and not _is_newer(moment, deployment)
    return tail.Piece([line.text for line in kept], _position(everything) or since, gap)


def last(deployment: Deployment, container: Container | None, lines: int) -> list[str]:
    """The last lines, without a look at all the others if the present container has enough."""
    present = [line.text for line in _lines(_stamped(container, tail=lines))] if container else []
    if len(present) < lines:
        present = [*(line.text for line in _earlier(deployment)), *present]
    return present[-lines:]


def keep(deployment: Deployment, container: Container) -> None:
    """Save a container's output before the container goes. Once: whoever does it again changes nothing."""
    target, mark = folders.log(deployment), f"{MARK}{container.id}\n".encode()
    written = _read(target)
    if written.endswith(mark):
        return
    if len(written) > KEPT:
        target.replace(_rotated(target))
        written = b""
    draft = target.with_name(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_bytes(b"".join([written, *(line + b"\n" for line in _stamped(container) if line), mark]))
    draft.replace(target)


def _earlier(deployment: Deployment, moment: Moment | None = None) -> Iterator[Line]:
    """From containers that are gone; nothing where all of it is older than `moment`."""
    target = folders.log(deployment)
    if moment is None or not _is_newer(moment, deployment):
        yield from _lines([*_read(_rotated(target)).split(b"\n"), *_read(target).split(b"\n")])


def _is_newer(moment: Moment, deployment: Deployment) -> bool:
    """Whether the moment is after everything that was saved."""
    try:
        return folders.log(deployment).stat().st_mtime < moment[0]
    except OSError:
        return False


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _stamped(container: Container, **options: int) -> list[bytes]:
    try:
        written: bytes = container.logs(timestamps=True, **options)
    except APIError:  # it was removed meanwhile
        return []
    return written.split(b"\n")


def _lines(stamped: Iterable[bytes]) -> Iterator[Line]:
    for line in stamped:
        if line and not line.startswith(MARK.encode()):
            stamp, _, text = line.decode(errors="replace").partition(" ")
            yield Line(_moment(stamp), text.removesuffix("\r"))


def _moment(stamp: str) -> Moment:
    """From `2026-01-31T12:00:00.123456789Z`, with any zone, and with or without a fraction."""
    found = STAMP.fullmatch(stamp)
    if not found:
        return (0, 0)
    seconds = int(datetime.fromisoformat(found["second"] + found["zone"]).timestamp())
    return (seconds, int((found["fraction"] or "0").ljust(9, "0")))


def _after(lines: list[Line], moment: Moment | None, given: int) -> list[Line]:
    """What follows the position."""
    if moment is None:
        return lines
    same = [line for line in lines if line.at == moment]
    return [*same[given:], *(line for line in lines if line.at > moment)]


def _position(lines: list[Line]) -> str:
    if not lines:
        return ""
    seconds, nanoseconds = last = lines[-1].at
    return f"{seconds}.{nanoseconds:09}.{sum(line.at == last for line in lines)}"


def _parse(position: str) -> tuple[Moment | None, int]:
    parts = position.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return None, 0
    seconds, nanoseconds, given = map(int, parts)
    return (seconds, nanoseconds), given


def _rotated(target: Path) -> Path:
    return target.with_name(f"{target.name}.1")
