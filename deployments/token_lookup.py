"""The one SQL behind the token door: many pairs of key and provider in, the credentials that may be handed out back.

It has a database connection of its own. On PostgreSQL the event loop drives it; elsewhere one thread does.
"""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import psycopg
from django.db import connection as database
from django.utils import timezone

from connections.credentials import MARGIN
from connections.models import Connection, Integration
from deployments.keys import SEEN_EVERY
from deployments.models import ApiKey, Binding
from deployments.prepared import Prepared


class Question(NamedTuple):
    """Who asks (the SHA-256 of a key's text), and for which provider."""

    key_hash: str
    slug: str


class Found(NamedTuple):
    """A credential that may be handed out as it is. `noted`: that the key is in use was noted within a minute.

    Ids are UUIDs as text, with hyphens: making objects of them and text again would cost as much as the decryption.
    """

    key_id: str
    noted: bool
    tenant_id: str
    connection_id: str
    envelope: str
    expires_at: datetime | None


class Lookup(Protocol):
    """Questions → what was found for each, in their order; None where the ordinary way must decide."""

    async def __call__(self, questions: Sequence[Question]) -> Sequence[Found | None]:
        """Raises what the database raises."""

    async def close(self) -> None:
        """Give the database connection back."""


def of_this_database() -> list[Lookup]:
    """What to ask the database of the settings with.

    PostgreSQL two at a time: while it works for one, the next requests are read. Threads would wait for each other.
    """
    return [PostgresLookup(), PostgresLookup()] if database.vendor == "postgresql" else [ThreadLookup()]


# Every line after WHERE is a rule of `keys.recognise` or `credentials.fresh_token`; tests hold the two together.
SQL = f"""
SELECT asked.n, k.id, k.last_used_at > {{noted}}, c.tenant_id, c.id, c.credential, c.expires_at
FROM {{asked}}
JOIN {ApiKey._meta.db_table} k ON k.key_hash = asked.key_hash
JOIN {Binding._meta.db_table} b ON b.app_id = k.app_id AND b.integration_id = asked.slug
JOIN {Integration._meta.db_table} i ON i.slug = b.integration_id
JOIN {Connection._meta.db_table} c ON c.id = b.connection_id
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {{now}}) AND i.enabled
  AND c.status = '{Connection.Status.ACTIVE}' AND c.credential IS NOT NULL
  AND (c.expires_at IS NULL OR c.expires_at > {{fresh}})
"""  # noqa: S608  (names of ours; what comes from outside is a parameter)


class PostgresLookup:
    """Pairs as two arrays, so that the statement is the same however many are asked for and stays prepared."""

    STATEMENT = SQL.format(
        asked="unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(key_hash, slug, n)",
        now="$3::timestamptz",
        noted="$4::timestamptz",
        fresh="$5::timestamptz",
    ).replace("c.expires_at\n", "extract(epoch FROM c.expires_at)\n", 1)

    def __init__(self) -> None:
        self._prepared: Prepared | None = None

    async def __call__(self, questions: Sequence[Question]) -> Sequence[Found | None]:
        """As `Lookup`. A connection that broke since the last question (a restarted server) is replaced once."""
        try:
            return await self._ask(questions)
        except psycopg.OperationalError:
            await self.close()
            return await self._ask(questions)
        except BaseException:
            # Its answer may still come, and must not be taken for that of the next question.
            await self.close()
            raise

    async def close(self) -> None:
        """As `Lookup`."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            await prepared.close()

    async def _ask(self, questions: Sequence[Question]) -> Sequence[Found | None]:
        if self._prepared is None:
            self._prepared = await Prepared.connect(database.get_connection_params(), self.STATEMENT)
        hashes, slugs = zip(*questions, strict=True)
        moments = [moment.isoformat() for moment in _moments()]
        # Both are hex or slugs, so no element of the arrays needs quoting.
        rows = await self._prepared("{" + ",".join(hashes) + "}", "{" + ",".join(slugs) + "}", *moments)
        found: list[Found | None] = [None] * len(questions)
        for n, key, noted, tenant, connection, envelope, expires in rows:
            end = datetime.fromtimestamp(float(expires), UTC) if expires else None
            found[int(n) - 1] = Found(key, noted == "t", tenant, connection, envelope, end)
        return found


class ThreadLookup:
    """On Django's own connection of one thread, which keeps it open."""

    STATEMENT = SQL.format(
        asked="(SELECT key AS n, value->>0 AS key_hash, value->>1 AS slug FROM json_each(%s)) AS asked",
        now="%s",
        noted="%s",
        fresh="%s",
    )

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="token-lookup")

    async def __call__(self, questions: Sequence[Question]) -> Sequence[Found | None]:
        """As `Lookup`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, questions)

    async def close(self) -> None:
        """As `Lookup`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._hang_up)
        self._thread.shutdown(wait=False)

    def _hang_up(self) -> None:
        """In the thread, whose connection it is."""
        database.close()

    def _ask(self, questions: Sequence[Question]) -> Sequence[Found | None]:
        now, since, fresh = map(database.ops.adapt_datetimefield_value, _moments())
        found: list[Found | None] = [None] * len(questions)
        with database.cursor() as cursor:
            # In the order of the statement.
            cursor.execute(self.STATEMENT, [since, json.dumps(questions), now, fresh])
            for n, key, noted, tenant, connection, envelope, expires in cursor.fetchall():
                # SQLite keeps UUIDs without hyphens, and moments without saying that they are in UTC.
                key_id, tenant_id, connection_id = (str(UUID(text)) for text in (key, tenant, connection))
                end = expires.replace(tzinfo=UTC) if expires else None
                found[n] = Found(key_id, bool(noted), tenant_id, connection_id, envelope, end)
        return found


def _moments() -> tuple[datetime, datetime, datetime]:
    """now; since when a use counts as noted; until when a token must live at least."""
    now = timezone.now()
    return now, now - SEEN_EVERY, now + MARGIN
