"""What an event says (contract section 5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vendo._fields import maybe_text, moment, text
from vendo._slugs import is_slug
from vendo._sse import Block


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a connection of this app.

    `kind`           `connection.connected`, `connection.disconnected`, `connection.changed` (its name or metadata),
                     `connection.status_changed`; later dashboards may know more
    `slug`           the provider
    `connection_id`  the same id as in `connections.list`; it is another one after the tenant has bound another account
    `status`         with `connection.status_changed`: `connected`, `needs_reauth`, `revoked` or `error`
    `at`             when, in UTC
    `data`           all that the dashboard sent, for what this version has no field for
    """

    id: str
    kind: str
    slug: str
    connection_id: str | None = None
    status: str | None = None
    at: datetime | None = None
    data: Mapping[str, object] = field(default_factory=dict, repr=False)


def event_of(block: Block) -> Event | None:
    """The event of a block, or None where its data is no object that names a provider."""
    try:
        data = json.loads(block.data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not is_slug(data.get("slug")):
        return None
    return Event(
        id=text(data.get("id")) or block.id,
        kind=text(data.get("kind")) or block.event,
        slug=text(data.get("slug")),
        connection_id=maybe_text(data.get("connection_id")),
        status=maybe_text(data.get("status")),
        at=moment(data.get("at")),
        data=data,
    )
