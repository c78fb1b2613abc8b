"""All event streams of a process: rung together, read with one query, written to one after the other.

However many streams are open, there are three tasks: one reads the table and passes on what is new, one keeps seats and
connections alive, and one (`bells.py`) hears that something is new. A replay is no different from news: a stream begins
at a sequence, and gets what is behind it.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Collection
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db.models import Q
from django.utils import timezone

from deployments import bells, event_seats, event_wire
from deployments.asgi_door import in_thread
from deployments.event_stream import Stream
from deployments.models import ApiKey

logger = logging.getLogger(__name__)

BEAT = 5.0  # seconds between two prolongations of the seats
PING = 5  # beats between two signs of life: 25 s (contract section 5)
AGAIN = 1.0  # seconds until the next try when the database is away
TURN = 100  # streams that are written to before others get a turn of the event loop


class Hub:
    """The streams of one event loop."""

    def __init__(self) -> None:
        self.holder = secrets.token_hex(16)  # as whom this process holds seats
        self._streams: dict[UUID, set[Stream]] = {}  # by app
        self._tenants: dict[UUID, UUID] = {}  # of those apps
        self._due: set[UUID] = set()  # apps whose events are to be looked at
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._left: set[int] = set()  # seats to give back
        self._giving_back: asyncio.Task[None] | None = None

    def join(self, stream: Stream, tenant_id: UUID) -> None:
        """Write to the stream what comes behind its cursor, from now on."""
        stream.room = self._look_at
        self._streams.setdefault(stream.app_id, set()).add(stream)
        self._tenants[stream.app_id] = tenant_id
        self._look_at(stream.app_id)
        if not self._tasks:
            bells.here().listen(self._hear)
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep())]

    def leave(self, stream: Stream) -> None:
        """Its client is gone: forget it, and give its seat back."""
        stream.close()
        streams = self._streams.get(stream.app_id, set())
        streams.discard(stream)
        if not streams:
            self._streams.pop(stream.app_id, None)
            self._tenants.pop(stream.app_id, None)
        if not self._streams:
            bells.here().unlisten(self._hear)
            for task in self._tasks:
                task.cancel()
            self._tasks = []
        self.give_back(stream.seat)

    def give_back(self, seat: int) -> None:
        """Free a seat, soon and with others: a thousand clients may go at the same moment."""
        self._left.add(seat)
        if self._giving_back is None:
            self._giving_back = asyncio.create_task(self._give_back())

    def end_all(self) -> None:
        """End every stream, as the server is about to stop."""
        for stream in self._all():
            stream.end()

    async def settled(self) -> None:
        """Until the seats of those who left are free."""
        while self._giving_back is not None:
            await asyncio.wait([self._giving_back])

    def _all(self) -> list[Stream]:
        return [stream for streams in self._streams.values() for stream in streams]

    # --- what is new --------------------------------------------------------------------------------------------------

    def _hear(self, tenant_id: UUID | None) -> None:
        """A bell."""
        for app, tenant in self._tenants.items():
            if tenant_id in {None, tenant}:
                self._look_at(app)

    def _look_at(self, app: UUID) -> None:
        self._due.add(app)
        self._wake.set()

    async def _follow(self) -> None:
        """Look when there is a bell, and now and then without one."""
        while True:
            try:
                async with asyncio.timeout(bells.here().pause):
                    await self._wake.wait()
            except TimeoutError:
                self._due.update(self._streams)
            self._wake.clear()
            due, self._due = self._due, set()
            try:
                await self._look(due)
            except Exception:
                logger.exception("The events of %d apps could not be read", len(due))
                await asyncio.sleep(AGAIN)
                self._due |= due
                self._wake.set()

    async def _look(self, due: Collection[UUID]) -> None:
        """Read what is behind the streams of these apps, and write it to them.

        An app's events commit in their order (`events.take_turn`), so that what is behind a cursor is all there is.
        """
        # Those who join or catch up meanwhile may need more than was asked for: they have the next look.
        asked = {app: [stream for stream in self._streams.get(app, ()) if not stream.behind] for app in due}
        cursors = {app: min(stream.cursor for stream in streams) for app, streams in asked.items() if streams}
        if not cursors:
            return
        found = await in_thread(event_wire.after, cursors)
        if len(found) == event_wire.AT_ONCE:
            for app in cursors:
                self._look_at(app)
        told: dict[UUID, list[tuple[int, bytes]]] = {}
        for event in found:
            told.setdefault(event.app_id, []).append((event.sequence, event_wire.written(event)))
        await self._tell([(stream, news) for app, news in told.items() for stream in asked[app]])

    async def _tell(self, told: list[tuple[Stream, list[tuple[int, bytes]]]]) -> None:
        for number, (stream, news) in enumerate(told, start=1):
            # All of a stream's news without a pause, in which it might find room and skip what it had no room for.
            for sequence, piece in news:
                stream.tell(sequence, piece)
            if number % TURN == 0:
                await asyncio.sleep(0)

    # --- staying alive ------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Prolong seats, send signs of life, and end the streams of keys that are no longer good."""
        beat = 0
        while True:
            await asyncio.sleep(BEAT)
            beat += 1
            if beat % PING == 0:
                for stream in self._all():
                    stream.ping(event_wire.PING)
            try:
                await in_thread(event_seats.prolong, self.holder, [stream.seat for stream in self._all()])
                if beat % PING == 0:
                    await self._end_refused()
            except Exception as error:  # noqa: BLE001  (a database that is away comes back)
                logger.warning("Event streams could not be kept: %s", type(error).__name__)

    async def _end_refused(self) -> None:
        """End streams whose key was revoked, has expired or is gone with its app: 25 s later at the latest."""
        good = await in_thread(_good_keys, {stream.key_id for stream in self._all()})
        for stream in self._all():
            if stream.key_id not in good:
                stream.end()

    async def _give_back(self) -> None:
        try:
            while self._left:
                seats, self._left = self._left, set()
                # If this fails, they run out.
                with contextlib.suppress(Exception):
                    await in_thread(event_seats.free, self.holder, seats)
        finally:
            self._giving_back = None


def _good_keys(ids: Collection[UUID]) -> set[UUID]:
    lasting = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return set(ApiKey.everyone.filter(lasting, pk__in=ids, revoked_at=None).values_list("pk", flat=True))


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """That of the running loop: in a server there is one."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
