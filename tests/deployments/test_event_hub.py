"""The hub behind the event streams: slow clients, many at once, and a database or a channel layer that goes away."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError, transaction

from deployments import bells, event_hub, event_stream, event_wire, events
from deployments.event_hub import Hub
from deployments.event_stream import Stream
from deployments.events import Kind
from deployments.models import App
from deployments.projects import create_project

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("streams_at_rest")]


@sync_to_async
def happen(app: App, times: int = 1) -> list[str]:
    with transaction.atomic():
        payload = {"slug": "notion", "connection_id": "c1"}
        return [events.record(app.tenant, Kind.CHANGED, payload, app=app).id for _ in range(times)]


class Client:
    """Reads while `reading` is set, as from a socket with no buffer at all."""

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.reading.set()
        self.pieces: list[bytes] = []
        self.over = False
        self._grown = asyncio.Event()

    async def send(self, message: Mapping[str, Any]) -> None:
        await self.reading.wait()
        self.pieces.append(message["body"])
        self.over |= not message["more_body"]
        self._grown.set()

    @property
    def ids(self) -> list[str]:
        """Of the events."""
        return [piece.decode().split("\n")[0].removeprefix("id: ") for piece in self.pieces]

    async def has(self, count: int) -> list[str]:
        """The ids, when there are so many."""
        async with asyncio.timeout(10):
            while len(self.pieces) < count:
                self._grown.clear()
                await self._grown.wait()
        return self.ids


def stream(client: Client, app: App, *, cursor: int = 0) -> Stream:
    return Stream(client.send, app_id=app.pk, key_id=uuid4(), seat=0, cursor=cursor)


async def test_who_reads_slowly_loses_nothing_and_holds_up_nobody(
    project: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MOST", 6)
    hub, slow, quick = Hub(), Client(), Client()
    streams = [stream(client, project) for client in (slow, quick)]
    for each in streams:
        hub.join(each, project.tenant_id)
    slow.reading.clear()
    told = [name for _ in range(10) for name in await happen(project, 3)]
    assert await quick.has(30) == told
    assert slow.pieces == []
    assert streams[0].behind
    assert len(streams[0]._waiting) <= 6  # bounded, whatever happens
    slow.reading.set()
    assert await slow.has(30) == told
    told += await happen(project, 2)
    assert await slow.has(32) == await quick.has(32) == told
    for each in streams:
        hub.leave(each)


async def test_more_than_one_look_can_read(project: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_wire, "AT_ONCE", 7)
    told, hub, client = await happen(project, 30), Hub(), Client()
    one = stream(client, project)
    hub.join(one, project.tenant_id)
    assert await client.has(30) == told
    hub.leave(one)


async def test_one_query_reads_the_news_of_many_apps(project: App, monkeypatch: pytest.MonkeyPatch) -> None:
    apps = [await sync_to_async(create_project)(project.tenant, f"Laptop {n}") for n in range(5)]
    told = {app.pk: await happen(app, 2) for app in apps}
    looks: list[Mapping[UUID, int]] = []
    real = event_wire.after

    def after(cursors: Mapping[UUID, int]) -> list[event_wire.News]:
        looks.append(cursors)
        return real(cursors)

    monkeypatch.setattr(event_wire, "after", after)
    hub, clients = Hub(), [Client() for _ in range(10)]
    streams = [stream(client, apps[n % 5]) for n, client in enumerate(clients)]
    for each in streams:
        hub.join(each, project.tenant_id)
    for each, client in zip(streams, clients, strict=True):
        assert await client.has(2) == told[each.app_id]
        hub.leave(each)
    assert [len(cursors) for cursors in looks] == [5]


async def test_a_client_whose_end_breaks_does_not_disturb_the_others(project: App) -> None:
    async def broken(message: Mapping[str, Any]) -> None:
        raise ConnectionResetError

    hub, client = Hub(), Client()
    streams = [Stream(broken, app_id=project.pk, key_id=uuid4(), seat=0, cursor=0), stream(client, project)]
    for each in streams:
        hub.join(each, project.tenant_id)
    assert await happen(project, 3) == await client.has(3)
    for each in streams:
        hub.leave(each)


async def test_a_database_that_was_away_delays_news(project: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "AGAIN", 0.05)

    def fail(_: object) -> None:
        raise DatabaseError

    hub, client = Hub(), Client()
    one = stream(client, project)
    with monkeypatch.context() as away:
        away.setattr(event_wire, "after", fail)
        hub.join(one, project.tenant_id)
        told = await happen(project, 2)
        await asyncio.sleep(0.2)
        assert client.pieces == []
    assert await client.has(2) == told
    hub.leave(one)


async def test_a_layer_that_was_away_is_subscribed_to_again(project: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "AGAIN", 0.05)
    layer, rung = get_channel_layer(), asyncio.Queue[UUID | None]()

    async def fail(*_: object) -> None:
        raise ConnectionError

    ours = bells.Bells()
    with monkeypatch.context() as away:
        away.setattr(layer, "group_add", fail)
        ours.listen(rung.put_nowait)
        await asyncio.sleep(0.2)
        assert rung.empty()
        assert ours.pause == bells.OFTEN
    assert await asyncio.wait_for(rung.get(), 30) is None  # whatever rang meanwhile
    await sync_to_async(events.ring)(project.tenant_id)
    assert await asyncio.wait_for(rung.get(), 30) == project.tenant_id
    ours.unlisten(rung.put_nowait)


async def test_a_server_that_stops_ends_all_streams(project: App) -> None:
    hub, quick, slow = Hub(), Client(), Client()
    streams = [stream(client, project) for client in (quick, slow)]
    for each in streams:
        hub.join(each, project.tenant_id)
    await happen(project)
    await quick.has(1)
    slow.reading.clear()
    hub.end_all()
    assert quick.over
    assert not slow.over
    for each in streams:
        hub.leave(each)
    await hub.settled()
