"""The prepared statement's connection, when the database server goes away at the worst moment."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import uvloop
from django.db import connection as database

from deployments.asgi_door import THREADS
from deployments.prepared import Prepared

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(database.vendor != "postgresql", reason="a connection that the event loop watches"),
]


async def _prepared() -> Prepared:
    return await Prepared.connect(database.get_connection_params(), "SELECT $1::text")


@contextlib.asynccontextmanager
async def _client_instead(of: Prepared) -> AsyncIterator[asyncio.StreamReader]:
    """The connection breaks, and a client of the web server, who has just said hello, gets its descriptor's number."""
    ours, theirs = socket.socketpair()
    number = of._libpq.socket
    of._libpq.finish()  # as libpq does by itself where it sees the end of a connection
    with theirs:
        os.dup2(ours.fileno(), number)
        ours.close()
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=number))
        theirs.sendall(b"hello")
        yield reader
        writer.close()
        await writer.wait_closed()


async def _broken_while_a_client_comes() -> bytes:
    prepared = await _prepared()
    async with _client_instead(of=prepared) as client:
        with pytest.raises(psycopg.OperationalError):
            await prepared("x")
        await prepared.close()
        return await asyncio.wait_for(client.readexactly(5), 30)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_client_who_gets_the_broken_connections_number_is_left_alone(loop: object) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        assert runner.run(_broken_while_a_client_comes()) == b"hello"


def test_questions_are_planned_once() -> None:
    async def ask() -> list[tuple[Any, ...]]:
        statement = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE $1::text[] IS NOT NULL"
        prepared = await Prepared.connect(database.get_connection_params(), statement)
        try:
            for _ in range(7):  # after five PostgreSQL decides by itself
                told = await prepared("{a}")
            return told
        finally:
            await prepared.close()

    assert asyncio.run(ask()) == [("7", "0")]


def _terminate(backend: int) -> None:
    """Returns when it has ended."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    database.close()


def test_a_server_that_hung_up_is_told_of_as_such() -> None:
    async def cut() -> None:
        prepared = await _prepared()
        try:
            # The loop stands still meanwhile, so that nobody sees the end before the next question.
            THREADS.submit(_terminate, prepared._libpq.backend_pid).result()
            await prepared("x")
        finally:
            await prepared.close()

    with pytest.raises(psycopg.OperationalError):
        asyncio.run(cut())


def test_closing_twice_is_fine() -> None:
    async def twice() -> list[tuple[Any, ...]]:
        prepared = await _prepared()
        rows = await prepared("x")
        await prepared.close()
        await prepared.close()
        return rows

    assert asyncio.run(twice()) == [("x",)]
