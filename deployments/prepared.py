"""One prepared statement of PostgreSQL, driven by the event loop.

psycopg's connection, but not its cursor: adapting, wrapping and waiting cost an async cursor two and a half times the
CPU of what is left here, at every question that all tools ask all day.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Self

import psycopg
from psycopg import pq

NAME = b"prepared"
# What Django adds for its own cursors.
NOT_OURS = {"cursor_factory", "context", "prepare_threshold", "pool"}


class Prepared:
    """A statement with `$1`, `$2`, … Serves one question at a time; whoever gives up on an answer must `close` it."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        # A descriptor of our own. libpq closes its own as soon as it notices a broken connection, and a client accepted
        # in the same moment gets that number: the loop would then watch the client's socket for us, for ever.
        self._socket = os.dup(connection.pgconn.socket)
        self._open = True
        self._answer: asyncio.Future[pq.abc.PGresult] | None = None

    @classmethod
    async def connect(cls, params: Mapping[str, Any], statement: str) -> Self:
        """Connect with psycopg's `params` and prepare the statement. Raises `psycopg.Error`."""
        ours = {name: value for name, value in params.items() if name not in NOT_OURS}
        prepared = cls(await psycopg.AsyncConnection.connect(autocommit=True, **ours))
        try:
            # Else PostgreSQL plans each question anew for as long as that looks cheaper: it counts the elements of an
            # array at hand, and expects ten of any other. Planning takes several times what the answer does.
            await prepared._connection.execute("SET plan_cache_mode = force_generic_plan")
            # Sending then returns when the question is in the socket's buffer; no question is long enough to fill that.
            prepared._libpq.nonblocking = 0
            asyncio.get_running_loop().add_reader(prepared._socket, prepared._readable)
            await prepared._result(lambda libpq: libpq.send_prepare(NAME, statement.encode()))
        except BaseException:
            await prepared.close()
            raise
        return prepared

    async def __call__(self, *params: str) -> list[tuple[Any, ...]]:
        """The rows for these parameters; values as PostgreSQL writes them, None for NULL. Raises `psycopg.Error`."""
        values = [value.encode() for value in params]
        result = await self._result(lambda libpq: libpq.send_query_prepared(NAME, values))
        columns = range(result.nfields)
        return [tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)]

    async def close(self) -> None:
        """Hang up, in the middle of an answer too; a second time changes nothing."""
        if self._open:
            self._open = False
            asyncio.get_running_loop().remove_reader(self._socket)
            os.close(self._socket)
        await self._connection.close()

    @property
    def _libpq(self) -> pq.abc.PGconn:
        return self._connection.pgconn

    async def _result(self, send: Any) -> pq.abc.PGresult:
        self._answer = asyncio.get_running_loop().create_future()
        send(self._libpq)
        result = await self._answer
        if result.status in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
            return result
        if self._libpq.status == pq.ConnStatus.BAD:
            # libpq makes up a result then, without a code that would tell.
            raise psycopg.OperationalError("The database server closed the connection.")
        raise psycopg.errors.error_from_result(result)

    def _readable(self) -> None:
        """Called by the loop. An answer ends with an empty result (libpq, chapter on asynchronous commands)."""
        answer = self._answer
        try:
            self._libpq.consume_input()
            if self._libpq.is_busy() or answer is None or answer.done():
                return
            last = None
            while (result := self._libpq.get_result()) is not None:
                last = result
            if last is not None:
                answer.set_result(last)
        except psycopg.Error as error:
            # A closed socket stays readable: without this the loop would turn for ever.
            asyncio.get_running_loop().remove_reader(self._socket)
            if answer is not None and not answer.done():
                answer.set_exception(error)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
