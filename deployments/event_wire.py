"""Events as streams write them (contract section 5), and where in an app's events a stream begins."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection as database

from deployments.events import Kind
from deployments.models import Event
from deployments.moments import iso

HELLO = b": listening\n\n"
PING = b": ping\n\n"
REPLAYED = 100  # events of an app that a stream may go back
AT_ONCE = 1000  # events that one look reads
# Some clients know no other names.
FORMER: Mapping[str, str] = {
    Kind.CONNECTED: "connection_created",
    Kind.DISCONNECTED: "connection_deleted",
    Kind.CHANGED: "connection_updated",
    Kind.STATUS_CHANGED: "connection_updated",
}
ID = re.compile(r"evt_[0-9a-f]{24}")
ON_ONE_LINE = json.JSONEncoder(separators=(",", ":"))
TOLD = ("slug", "connection_id", "status")


class News(NamedTuple):
    """An event as a stream needs it. (Rows of the model take about twice as long to read.)"""

    sequence: int
    app_id: UUID
    id: str
    kind: str
    payload: str
    at: datetime


def written(event: News) -> bytes:
    """The event under its name, and once more under its former one: two blocks, for one write."""
    names = [event.kind, *filter(None, [FORMER.get(event.kind)])]
    payload = json.loads(event.payload)
    told = {name: payload[name] for name in TOLD if name in payload}
    data = ON_ONE_LINE.encode({"id": event.id, "at": iso(event.at), "kind": event.kind} | told)
    return "".join(f"id: {event.id}\nevent: {name}\ndata: {data}\n\n" for name in names).encode()


def start_of(app_id: UUID, last_id: str | None) -> int:
    """The sequence after which a stream begins: behind `last_id`, as far as events are replayed; else now.

    Whatever `last_id` is, there is an answer: one that is not known replays all that is kept.
    """
    mine = Event.everyone.filter(app_id=app_id).order_by("-sequence").values_list("sequence", flat=True)
    if last_id is None:
        return mine.first() or 0
    known = mine.filter(id=last_id).first() if ID.fullmatch(last_id) else None
    edge = next(iter(mine[REPLAYED : REPLAYED + 1]), 0)
    return max(known or 0, edge)


def after(cursors: Mapping[UUID, int]) -> list[News]:
    """The events of apps behind each one's cursor, in order; the first `AT_ONCE` of them. One query."""
    if database.vendor == "postgresql":
        asked = "unnest(%s::uuid[], %s::bigint[]) AS asked(app_id, after)"
        values: list[Any] = [list(cursors), list(cursors.values())]
    else:
        asked = "(SELECT value->>0 AS app_id, value->>1 AS after FROM json_each(%s)) AS asked"
        values = [json.dumps([(app.hex, cursor) for app, cursor in cursors.items()])]
    sql = f"""
        SELECT e.sequence, e.app_id, e.id, e.kind, e.payload, e.at
        FROM {asked} JOIN {Event._meta.db_table} e ON e.app_id = asked.app_id AND e.sequence > asked.after
        ORDER BY e.sequence LIMIT {AT_ONCE}
    """  # noqa: S608  (names of ours; what comes from outside is a parameter)
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        rows = [News(*row) for row in cursor.fetchall()]
    return rows if database.vendor == "postgresql" else [_from_sqlite(row) for row in rows]


def _from_sqlite(row: News) -> News:
    """It keeps ids as their hex digits, and moments in UTC without saying so."""
    return row._replace(app_id=UUID(str(row.app_id)), at=row.at.replace(tzinfo=UTC))
