"""The dashboard's WebSocket: who may listen, what is told, and that nothing is lost or told twice."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client
from django.utils import timezone

from deployments import events, live
from deployments.events import Kind
from deployments.models import Deployment, Event
from tenants.middleware import SESSION_KEY
from tenants.models import Membership, Tenant, User
from tests.deployments.sockets import Socket
from vendo_site.asgi import application

PAYLOAD = {"slug": "notion", "connection_id": "c1"}
TOPICS = ["connections", "connection-c1"]


def happen(tenant: Tenant, connection_id: str = "c1", *, ring: bool = True) -> None:
    """A change; without `ring` as in another process, whose bell this one does not hear."""
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        if not ring:
            patch.setattr(transaction, "on_commit", lambda *_, **__: None)
        events.record(tenant, Kind.CHANGED, PAYLOAD | {"connection_id": connection_id})


def page(user: Any, **session: str) -> Socket:
    """A page that is open for somebody."""
    return Socket(live.LiveConsumer.as_asgi(), {"user": user, "session": session})


# --- the feed ---------------------------------------------------------------------------------------------------------


def written(tenant: Tenant, *, sequence: int | None = None, ago: float = 0.0) -> Event:
    at = timezone.now() - timedelta(seconds=ago)
    row: Event = Event.everyone.create(tenant=tenant, kind=Kind.CHANGED, payload=PAYLOAD, at=at, sequence=sequence)
    return row


@pytest.mark.django_db
class TestFeed:
    def test_each_event_once(self, tenant: Tenant, other_tenant: Tenant) -> None:
        feed = live.Feed(tenant)
        mine = [written(tenant), written(tenant)]
        written(other_tenant)
        assert feed.news() == mine
        assert feed.news() == []

    def test_a_lower_number_that_commits_later_is_not_lost(self, tenant: Tenant) -> None:
        feed = live.Feed(tenant)
        sixth = written(tenant, sequence=1006)
        assert feed.news() == [sixth]
        fifth = written(tenant, sequence=1005)
        assert feed.news() == [fifth]
        assert feed.news() == []

    def test_nor_is_one_that_was_under_way_when_the_page_opened(self, tenant: Tenant) -> None:
        written(tenant, sequence=1006, ago=20)
        feed = live.Feed(tenant)
        fifth = written(tenant, sequence=1005, ago=25)
        assert feed.news() == [fifth]

    def test_what_happened_while_the_page_was_rendered_is_told_on_opening(self, tenant: Tenant) -> None:
        written(tenant, ago=600)
        written(tenant, ago=live.GREETING.seconds + 2)
        just_now = written(tenant, ago=1)
        assert live.Feed(tenant).news() == [just_now]

    def test_it_forgets_what_can_no_longer_change(self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        feed = live.Feed(tenant)
        for _ in range(5):
            written(tenant)
        feed.news()
        assert len(feed._told) == 5
        later = timezone.now() + 2 * live.WINDOW
        monkeypatch.setattr(timezone, "now", lambda: later)
        last = written(tenant)
        assert feed.news() == [last]
        assert len(feed._told) == 1
        assert feed.news() == []


# --- the socket -------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
class TestSocket:
    async def test_a_page_is_told_what_changed_and_nothing_more(
        self, owner: User, tenant: Tenant, make_deployment: Callable[..., Deployment]
    ) -> None:
        deployment = await sync_to_async(make_deployment)(tenant)
        socket = page(owner)
        assert await socket.open()
        await sync_to_async(happen)(tenant)
        assert await socket.hear() == {"changed": TOPICS}
        await sync_to_async(events.deployment_changed)(deployment)
        assert await socket.hear() == {"changed": ["deployments", f"deployment-{deployment.pk}"]}
        assert await socket.quiet()
        await socket.leave()

    async def test_a_burst_is_one_message_or_few_and_no_topic_twice_in_one(self, owner: User, tenant: Tenant) -> None:
        socket = page(owner)
        await socket.open()
        await socket.quiet()

        def burst() -> None:
            with transaction.atomic():
                for number in range(20):
                    happen(tenant, f"c{number % 2}")

        await sync_to_async(burst)()
        assert await socket.hear() == {"changed": ["connections", "connection-c0", "connection-c1"]}
        assert await socket.quiet()
        await socket.leave()

    async def test_other_tenants_changes_are_not_told(
        self, stranger: User, other_tenant: Tenant, tenant: Tenant
    ) -> None:
        socket = page(stranger)
        await socket.open()
        await sync_to_async(happen)(tenant)
        # Even the wrong bell tells nothing.
        await sync_to_async(events.ring)(other_tenant.pk)
        assert await socket.quiet(0.3)
        await socket.leave()

    async def test_changes_of_other_processes_are_seen_without_a_bell(self, owner: User, tenant: Tenant) -> None:
        socket = page(owner)
        await socket.open()
        await socket.quiet()
        await sync_to_async(happen)(tenant, ring=False)
        assert await socket.hear(3) == {"changed": TOPICS}
        await socket.leave()

    async def test_the_signed_out_are_told_so(self, db: None) -> None:
        socket = page(AnonymousUser())
        assert await socket.open()
        assert await socket.close_code() == 4401
        await socket.leave()

    async def test_so_is_who_has_no_workspace_or_has_not_finished_signing_up(self, owner: User, tenant: Tenant) -> None:
        await Tenant.objects.filter(pk=tenant.pk).aupdate(slug=None)
        homeless = await sync_to_async(User.objects.create_user)("new@example.com", "correct horse battery")
        for user in (owner, homeless):
            socket = page(user)
            await socket.open()
            assert await socket.close_code() == 4401
            await socket.leave()

    async def test_the_workspace_chosen_in_the_session_counts(
        self, owner: User, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        await Membership.objects.acreate(user=owner, tenant=other_tenant)
        socket = page(owner, **{SESSION_KEY: str(other_tenant.pk)})
        await socket.open()
        await sync_to_async(happen)(tenant)
        assert await socket.quiet(0.3)
        await sync_to_async(happen)(other_tenant)
        assert await socket.hear() == {"changed": TOPICS}
        await socket.leave()

    async def test_who_was_removed_hears_nothing_more(self, owner: User, tenant: Tenant) -> None:
        socket = page(owner)
        await socket.open()
        await socket.quiet()
        await Membership.objects.filter(user=owner).adelete()
        await sync_to_async(happen)(tenant)
        assert await socket.close_code() == 4401
        await socket.leave()

    async def test_what_a_page_says_is_not_listened_to(self, owner: User, tenant: Tenant) -> None:
        socket = page(owner)
        await socket.open()
        await socket.say(text="{not json")
        await socket.say(bytes=b"\x00")
        await sync_to_async(happen)(tenant)
        assert await socket.hear() == {"changed": TOPICS}
        await socket.leave()

    async def test_a_socket_that_can_no_longer_hear_is_closed(
        self, owner: User, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("database gone")

        monkeypatch.setattr(live, "topics", fail)
        socket = page(owner)
        await socket.open()
        assert await socket.close_code() == 1011
        await socket.leave()

    async def test_nobody_is_left_behind(self, owner: User, tenant: Tenant) -> None:
        before = asyncio.all_tasks()
        sockets = [page(owner) for _ in range(3)]
        for socket in sockets:
            await socket.open()
        for socket in sockets:
            await socket.leave()
        await asyncio.sleep(0)  # the subscription ends in its own time
        assert asyncio.all_tasks() == before
        assert events.GROUP not in get_channel_layer().groups


# --- through the whole server -----------------------------------------------------------------------------------------


def at_the_door(cookie: str, origin: bytes = b"http://localhost:8000") -> Socket:
    headers = [(b"host", b"localhost:8000"), (b"origin", origin)]
    if cookie:
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
    return Socket(application, {"headers": headers})


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
class TestDoor:
    async def test_the_session_cookie_opens_it(
        self, owner: User, tenant: Tenant, client_for: Callable[[User], Client]
    ) -> None:
        client = await sync_to_async(client_for)(owner)
        socket = at_the_door(client.cookies[settings.SESSION_COOKIE_NAME].value)
        assert await socket.open()
        await sync_to_async(happen)(tenant)
        assert await socket.hear() == {"changed": TOPICS}
        await socket.leave()

    async def test_no_cookie_does_not(self, db: None) -> None:
        socket = at_the_door("")
        assert await socket.open()
        assert await socket.close_code() == 4401
        await socket.leave()

    @pytest.mark.parametrize("origin", [b"https://evil.example", b"http://localhost:8101", b"https://localhost:8000"])
    async def test_pages_of_other_origins_do_not(
        self, owner: User, tenant: Tenant, client_for: Callable[[User], Client], origin: bytes
    ) -> None:
        client = await sync_to_async(client_for)(owner)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        socket = at_the_door(cookie, origin)
        assert not await socket.open()


@pytest.mark.django_db
def test_topics_stop_with_the_membership(owner: User, tenant: Tenant) -> None:
    member = Membership.objects.get(user=owner)
    feed = live.Feed(tenant)
    assert live.topics(feed, member) == []
    written(tenant)
    User.objects.update(is_active=False)
    assert live.topics(feed, member) is None
