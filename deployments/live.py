"""The dashboard's WebSocket: tells open pages what changed, so that they fetch it anew.

A message is `{"changed": [topic, …]}` and nothing more; a page that must not see something can't fetch it either.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.utils import timezone

from deployments import bells, events
from deployments.models import Event
from tenants.http import HttpRequest
from tenants.middleware import CurrentTenantMiddleware
from tenants.models import Membership, Tenant

logger = logging.getLogger(__name__)

SIGNED_OUT = 4401
# Transactions commit in another order than their events were numbered: for so long a lower number may turn up.
WINDOW = timedelta(seconds=60)
# A page is rendered before its socket opens; what happened in between is told on opening.
GREETING = timedelta(seconds=10)


class Feed:
    """A tenant's events, each once, in spite of late commits. Remembers what it has told within `WINDOW`."""

    def __init__(self, tenant: Tenant) -> None:
        self._events = Event.objects.of(tenant)
        now = timezone.now()
        # Everything up to `_settled` is old news, told or not.
        settled = self._events.filter(at__lt=now - WINDOW).order_by("-sequence").values_list("sequence", flat=True)
        self._settled: int = settled.first() or 0
        before = self._events.filter(sequence__gt=self._settled, at__lt=now - GREETING)
        self._told: dict[int, Any] = dict(before.values_list("sequence", "at"))

    def news(self) -> list[Event]:
        """What was committed since the last call."""
        recent = self._events.filter(sequence__gt=self._settled)
        unseen = set(recent.values_list("sequence", flat=True)) - self._told.keys()
        if not unseen:
            return []
        # A lower bound and a look in Python, since a burst may be longer than a database takes parameters.
        rows = recent.filter(sequence__gte=min(unseen)).order_by("sequence")
        found = [event for event in rows if event.sequence not in self._told]
        self._told |= {event.sequence: event.at for event in found}
        self._forget()
        return found

    def _forget(self) -> None:
        """Move `_settled` up: nothing numbered below an event older than `WINDOW` can still come."""
        edge = timezone.now() - WINDOW
        self._settled = max([self._settled, *(number for number, at in self._told.items() if at < edge)])
        self._told = {number: at for number, at in self._told.items() if number > self._settled}


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One open page of a member. Signed-out visitors are told so with close code 4401."""

    follower: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Listen before the first look, so that nothing falls between the two."""
        # Accepted in any case: a browser hides the code of a handshake that was refused.
        await self.accept()
        self.member = await database_sync_to_async(membership)(self.scope)
        if self.member is None:
            await self.close(code=SIGNED_OUT)
            return
        self.rung = asyncio.Event()
        bells.here().listen(self.hear)
        self.follower = asyncio.create_task(self.follow(self.member))

    async def disconnect(self, code: int) -> None:
        """Stop listening and looking."""
        if self.follower is None:
            return
        bells.here().unlisten(self.hear)
        self.follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.follower

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Pages have nothing to say here, well-formed or not."""

    def hear(self, tenant_id: UUID | None) -> None:
        """Something was committed. Many bells in a row are one look."""
        if tenant_id is None or (self.member and tenant_id == self.member.tenant_id):
            self.rung.set()

    async def follow(self, member: Membership) -> None:
        """Tell what changed until the page goes away, or its reader is no longer a member."""
        try:
            feed = await database_sync_to_async(Feed)(member.tenant)
            while await self.tell(feed, member):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.rung.wait(), bells.here().pause)
                self.rung.clear()
            await self.close(code=SIGNED_OUT)
        except OSError:
            return  # the page went away in the middle of a message
        except Exception:
            # A deaf socket would look alive: closed, the page connects again.
            logger.exception("A live page of tenant %s was cut off", member.tenant_id)
            await self.close(code=1011)

    async def tell(self, feed: Feed, member: Membership) -> bool:
        """Send the topics of what is new, each once; False when the reader is no longer a member."""
        changed = await database_sync_to_async(topics)(feed, member)
        if changed:
            await self.send_json({"changed": changed})
        return changed is not None


def membership(scope: dict[str, Any]) -> Membership | None:
    """Under which membership a socket acts: by the same rule as a page, a chosen workspace address included."""
    visitor = cast(HttpRequest, SimpleNamespace(user=scope["user"], session=scope["session"]))
    member = CurrentTenantMiddleware.membership(visitor)
    return member if member and member.tenant.slug else None


def topics(feed: Feed, member: Membership) -> list[str] | None:
    """What is new, as topics; None when there is something and the reader may no longer know."""
    found = feed.news()
    if found and not Membership.objects.filter(pk=member.pk, user__is_active=True).exists():
        return None
    return list(dict.fromkeys(topic for event in found for topic in events.topics(event)))
