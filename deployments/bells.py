"""Who hears the bells of the outbox: one subscription a process, however many pages and streams are open.

A bell may be lost, and the in-memory layer carries none from other processes. So whoever listens looks without one
too, every `pause` seconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.layers import InMemoryChannelLayer, get_channel_layer

from deployments import events

logger = logging.getLogger(__name__)

# Gets the tenant that has news; None: any of them may have some.
type Listener = Callable[[UUID | None], None]

OFTEN, SELDOM = 1.0, 30.0  # seconds between looks without a bell
AGAIN = 1.0  # seconds until the next try to subscribe


class Bells:
    """The subscription of one event loop, kept while somebody listens."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._following: asyncio.Task[None] | None = None
        self._subscribed = False

    def listen(self, hear: Listener) -> None:
        """Call `hear` from now on: for every bell, and once when the subscription stands."""
        self._listeners.add(hear)
        if self._following is None:
            self._following = asyncio.create_task(self._follow(), name="bells")

    def unlisten(self, hear: Listener) -> None:
        """No longer."""
        self._listeners.discard(hear)
        if not self._listeners and self._following is not None:
            self._following.cancel()
            self._following = None

    @property
    def pause(self) -> float:
        """For how many seconds bells can be relied on."""
        in_memory = isinstance(get_channel_layer(), InMemoryChannelLayer)
        return SELDOM if self._subscribed and not in_memory else OFTEN

    async def _follow(self) -> None:
        """Subscribe, and anew whenever that ends. Between two messages the layer reconnects by itself."""
        while True:
            try:
                await self._hear_on()
            except Exception as error:  # noqa: BLE001  (whatever a layer raises when its server is away)
                logger.warning("No bells from the channel layer: %s", type(error).__name__)
            await asyncio.sleep(AGAIN)

    async def _hear_on(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            await layer.group_add(events.GROUP, channel)
            self._subscribed = True
            # What happened while nobody was subscribed rang for nobody.
            self._pass_on(None)
            while True:
                self._pass_on(UUID((await layer.receive(channel))["tenant"]))
        finally:
            self._subscribed = False
            with contextlib.suppress(Exception):
                await layer.group_discard(events.GROUP, channel)

    def _pass_on(self, tenant_id: UUID | None) -> None:
        for hear in tuple(self._listeners):
            hear(tenant_id)


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, Bells] = WeakKeyDictionary()


def here() -> Bells:
    """Those of the running loop: in a server there is one."""
    loop = asyncio.get_running_loop()
    if loop not in _bells:
        _bells[loop] = Bells()
    return _bells[loop]
