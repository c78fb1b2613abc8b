"""Reading what a server sent, field by field: a value of the wrong kind counts as missing, and nothing here raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def maybe_mapping(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, dict) else None


def rows(value: object) -> Iterator[Mapping[str, object]]:
    """The objects of a list; whatever else stands in it is passed over."""
    yield from (row for row in (value if isinstance(value, list) else []) if isinstance(row, dict))


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def maybe_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 time, in UTC where it names no zone; None if it is no time at all."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
