"""Bells over Redis: one subscription a process, which outlives a restart of the server."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from channels.layers import channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer

from deployments import events
from deployments.bells import SELDOM, Bells
from tests.services import free_port, redis


@pytest.fixture
def port() -> Iterator[int]:
    """That of the Redis server which the channel layer uses; nobody listens there yet."""
    found = free_port()
    before = channel_layers.set("default", RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{found}/0"]))
    yield found
    channel_layers.set("default", before)


async def rung(tenant_id: UUID, heard: "asyncio.Queue[UUID | None]") -> bool:
    """Ring as a thread does, until it is heard or ten seconds are over."""
    for _ in range(20):
        try:
            await asyncio.to_thread(events.ring, tenant_id)
            async with asyncio.timeout(0.5):
                return await heard.get() == tenant_id
        except (TimeoutError, OSError):
            continue
    return False


@pytest.mark.asyncio
async def test_bells_are_heard_again_after_redis_was_away(port: int) -> None:
    bells, heard = Bells(), asyncio.Queue[UUID | None]()
    with redis(port):
        bells.listen(heard.put_nowait)
        assert await asyncio.wait_for(heard.get(), 10) is None
        assert bells.pause == SELDOM
        assert await rung(uuid4(), heard)
    await asyncio.sleep(1.5)  # it fails at least once
    with redis(port):
        assert await rung(uuid4(), heard)
        bells.unlisten(heard.put_nowait)
        await asyncio.sleep(0.1)
