"""Lines of the two logs as pages and downloads show them: what the pipeline did, and what the tool wrote."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC

from connections import vault
from connections.models import Connection
from deployments import runtimes
from deployments.models import DeployLog, Deployment

# Whosever key it is, and whether it still opens anything: it has no business in a log.
API_KEY = re.compile(r"vendo_sk_[A-Za-z0-9_-]{32}")
# In capitals, as logging libraries write them; in the middle of a sentence the words say little.
ERROR = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|Traceback)\b")
WARNING = re.compile(r"\bWARN(?:ING)?\b")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line; `hit` where it is what was searched for."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line in stretches, and how grave it looks (`error`, `warning` or nothing)."""

    parts: tuple[Part, ...]
    level: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a tool wrote after some position: the lines, where to go on, and whether some before them are missing."""

    lines: list[str]
    position: str
    gap: bool


def output(deployment: Deployment, *, since: str = "", last: int | None = None) -> Written:
    """What the tool wrote, without secrets: neither its own nor the tokens that it fetches."""
    found = runtimes.current().output(deployment, since=since, lines=last)
    shown = [API_KEY.sub("••••••", line) for line in runtimes.presentable_lines(found.lines, _tokens(deployment))]
    cut = bool(since) and last is not None and len(found.lines) >= last
    return Written(shown, found.position, found.gap or cut)


def matching(lines: Iterable[str], words: str) -> list[str]:
    """The lines that hold `words` as they stand, in whatever case; all of them where there are none."""
    sought = words.casefold()
    return [line for line in lines if sought in line.casefold()]


def marked(line: str, words: str) -> Line:
    """A line with what was searched for marked."""
    level = "error" if ERROR.search(line) else "warning" if WARNING.search(line) else ""
    if not words:
        return Line((Part(line),), level)
    pieces = re.split(f"({re.escape(words)})", line, flags=re.IGNORECASE)
    return Line(tuple(Part(text, hit=bool(number % 2)) for number, text in enumerate(pieces) if text), level)


def told(entry: DeployLog) -> Iterator[str]:
    """An entry of the deploy log as lines of text: time, how grave, step and what it said; then a program's output."""
    at = entry.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    took = f" ({(entry.finished_at - entry.started_at).total_seconds():.1f} s)" if entry.finished_at else ""
    yield f"{at} {entry.level.upper():<7} {entry.step}: {entry.message or entry.get_outcome_display()}{took}"
    yield from (f"    {line}" for line in entry.metadata.get("output", "").splitlines())


def _tokens(deployment: Deployment) -> list[str]:
    """The credentials that the tool gets on asking. They are in no variable, so the runtime does not know them."""
    bound = Connection.everyone.filter(bindings__app=deployment.app_id).select_related("integration")
    return [token for row in bound if (token := vault.reveal(row, "credential"))]
