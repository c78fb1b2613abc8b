"""The event stream: who gets one, what is written to it byte for byte, where it begins, and when it ends."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from connections.connect import disconnect
from connections.models import Connection
from deployments import event_door, event_hub, events, keys, vending
from deployments.asgi_door import in_thread
from deployments.bindings import bind
from deployments.events import Kind
from deployments.models import ApiKey, App, Event, EventSeat
from deployments.projects import create_project
from tenants.models import Tenant
from tests.deployments.streams import Listener

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("streams_at_rest")]

PAYLOAD = {"slug": "notion", "connection_id": "c1"}


@sync_to_async
def happen(app: App, kind: Kind = Kind.CHANGED, *, times: int = 1, **payload: str) -> list[str]:
    """Events of an app; returns their ids."""
    with transaction.atomic():
        return [events.record(app.tenant, kind, PAYLOAD | payload, app=app).id for _ in range(times)]


async def heard(listener: Listener, count: int) -> list[str]:
    return [await listener.hear() for _ in range(count)]


# --- the door ---------------------------------------------------------------------------------------------------------


async def test_a_stream_opens_at_once_and_is_never_buffered(app_key: str) -> None:
    listener = Listener(app_key)
    status, headers = await listener.answer()
    assert status == 200
    assert headers == {"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"}
    assert await listener.piece() == b": listening\n\n"
    await listener.leave()


async def refusal(listener: Listener) -> tuple[int, str]:
    status, headers = await listener.answer()
    body = json.loads(await listener.piece())
    assert headers["Vendo-Error-Code".lower()] == body["error"]["code"]
    return status, body["error"]["code"]


async def test_who_has_no_key_or_a_bad_one_gets_none(project: App, make_connection: Callable[..., Connection]) -> None:
    chosen = await sync_to_async(make_connection)(project.tenant, "notion")
    _, of_a_connection = await sync_to_async(keys.mint_for_connection)(chosen, "k")
    for key in ("", "vendo_sk_" + "x" * 32, of_a_connection):
        assert await refusal(Listener(key)) == (401, "app_unknown")
    row, revoked = await sync_to_async(keys.mint)(project, "k")
    await sync_to_async(keys.revoke)(row)
    assert await refusal(Listener(revoked)) == (401, "app_revoked")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(app_key: str, method: str) -> None:
    listener = Listener(app_key, method=method)
    status, headers = await listener.answer()
    assert (status, headers["allow"]) == (405, "GET, HEAD")


async def test_a_head_request_takes_no_seat(app_key: str) -> None:
    listener = Listener(app_key, method="HEAD")
    status, headers = await listener.answer()
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert await listener.piece() == b""
    assert not await EventSeat.objects.aexists()


# --- what is written --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "former"),
    [
        (Kind.CONNECTED, "connection_created"),
        (Kind.DISCONNECTED, "connection_deleted"),
        (Kind.CHANGED, "connection_updated"),
        (Kind.STATUS_CHANGED, "connection_updated"),
    ],
)
async def test_an_event_byte_for_byte_then_under_its_former_name(
    project: App, app_key: str, kind: Kind, former: str
) -> None:
    listener = await Listener(app_key).open()
    more = kind == Kind.STATUS_CHANGED
    [name] = await (happen(project, kind, status="needs_reauth") if more else happen(project, kind))
    at = (await Event.everyone.aget(id=name)).at.strftime("%Y-%m-%dT%H:%M:%SZ")
    status = ',"status":"needs_reauth"' if more else ""
    data = f'{{"id":"{name}","at":"{at}","kind":"{kind}","slug":"notion","connection_id":"c1"{status}}}'
    blocks = [f"id: {name}\nevent: {told_as}\ndata: {data}\n\n" for told_as in (kind, former)]
    assert await listener.piece() == "".join(blocks).encode()
    assert await listener.quiet()
    await listener.leave()


async def test_signs_of_life(app_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert event_hub.BEAT * event_hub.PING == 25
    monkeypatch.setattr(event_hub, "BEAT", 0.05)
    listener = await Listener(app_key).open()
    assert await listener.piece() == b": ping\n\n"
    assert await listener.piece() == b": ping\n\n"
    await listener.leave()


async def test_each_app_hears_of_itself_alone(project: App, app_key: str, other_tenant: Tenant) -> None:
    theirs = await sync_to_async(create_project)(other_tenant, "Theirs")
    neighbour = await sync_to_async(create_project)(project.tenant, "Same workspace")
    listeners = {}
    for app in (project, theirs, neighbour):
        _, key = await sync_to_async(keys.mint)(app, "k")
        listeners[app.pk] = await Listener(key).open()
    told = {app.pk: await happen(app) for app in (project, theirs, neighbour)}
    for pk, listener in listeners.items():
        assert await heard(listener, 1) == told[pk]
        assert await listener.quiet(0.1)
        await listener.leave()


async def test_what_pages_are_told_is_not_for_apps(project: App, app_key: str) -> None:
    listener = await Listener(app_key).open()

    def change() -> None:
        with transaction.atomic():
            events.record(project.tenant, Kind.CHANGED, PAYLOAD)

    await sync_to_async(change)()
    assert await listener.quiet()
    await listener.leave()


async def test_who_hears_of_a_change_finds_it_made(
    project: App, app_key: str, make_connection: Callable[..., Connection]
) -> None:
    def may_have_a_token() -> bool:
        return vending.tokens(keys.recognise(app_key), ["notion"])["notion"] is not None

    one = await sync_to_async(make_connection)(project.tenant, "notion")
    listener = await Listener(app_key).open()
    for verb, there in ((lambda: bind(project, one), True), (lambda: disconnect(one), False)):
        changing = asyncio.create_task(sync_to_async(verb)())
        await listener.hear()
        assert await in_thread(may_have_a_token) is there
        await changing
    await listener.leave()


# --- where it begins --------------------------------------------------------------------------------------------------


async def test_without_an_id_it_is_live_only(project: App, app_key: str) -> None:
    await happen(project, times=3)
    listener = await Listener(app_key).open()
    assert await listener.quiet()
    assert await happen(project, times=2) == await heard(listener, 2)
    await listener.leave()


@pytest.mark.parametrize("place", ["header", "query"])
async def test_an_id_replays_what_came_after_it_and_goes_on_live(project: App, app_key: str, place: str) -> None:
    first, *others = await happen(project, times=4)
    sent: dict[str, Any] = {"last_id": first} if place == "header" else {"query": f"last_event_id={first}"}
    listener = await Listener(app_key, **sent).open()
    assert await heard(listener, 3) == others
    assert await happen(project) == await heard(listener, 1)
    assert await listener.quiet()
    await listener.leave()


async def test_the_header_is_newer_than_the_address(project: App, app_key: str) -> None:
    old, new, newest = await happen(project, times=3)
    listener = await Listener(app_key, last_id=new, query=f"last_event_id={old}").open()
    assert await heard(listener, 1) == [newest]
    await listener.leave()


@pytest.mark.parametrize("odd", [b"evt_" + b"0" * 24, b"\x00", b"\xff\xfe", b"'; --", b"evt_", b"x" * 5000])
async def test_an_id_that_is_not_known_replays_all_that_is_kept(project: App, app_key: str, odd: bytes) -> None:
    told = await happen(project, times=3)
    listener = await Listener(app_key, last_id=odd).open()
    assert await heard(listener, 3) == told
    await listener.leave()


async def test_anothers_id_is_not_known_either(project: App, app_key: str, other_tenant: Tenant) -> None:
    told = await happen(project, times=2)
    [theirs] = await happen(await sync_to_async(create_project)(other_tenant, "Theirs"))
    listener = await Listener(app_key, last_id=theirs).open()
    assert await heard(listener, 2) == told
    assert await listener.quiet()
    await listener.leave()


async def test_at_most_the_last_hundred_are_replayed(project: App, app_key: str) -> None:
    told = await happen(project, times=103)
    for last_id in ("unknown", told[0]):
        listener = await Listener(app_key, last_id=last_id).open()
        assert await heard(listener, 100) == told[3:]
        assert await listener.quiet()
        await listener.leave()


async def test_what_happens_while_a_stream_opens_comes_once(project: App, app_key: str) -> None:
    first, *before = await happen(project, times=20)

    async def burst() -> list[str]:
        return [name for _ in range(10) for name in await happen(project, times=2)]

    writing = asyncio.create_task(burst())
    listeners = [await Listener(app_key, last_id=first).open() for _ in range(5)]
    during = await writing
    for listener in listeners:
        assert await heard(listener, 39) == before + during
        assert await listener.quiet(0.1)
        await listener.leave()


async def test_events_of_other_processes_are_seen_without_a_bell(
    project: App, app_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = await Listener(app_key).open()
    assert await listener.quiet()
    monkeypatch.setattr(events, "ring", lambda tenant_id: None)
    assert await happen(project) == await heard(listener, 1)
    await listener.leave()


# --- when it ends -----------------------------------------------------------------------------------------------------


async def test_the_sixth_stream_is_refused_until_one_goes(app_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_door, "PATIENCE", 0.3)
    listeners = [await Listener(app_key).open() for _ in range(5)]
    assert await refusal(Listener(app_key)) == (429, "rate_limit_sse_streams")
    await listeners.pop().leave()
    listeners.append(await Listener(app_key).open())
    for listener in listeners:
        await listener.leave()


async def test_a_page_that_is_loaded_anew_gets_its_place_back(app_key: str) -> None:
    listeners = [await Listener(app_key).open() for _ in range(5)]
    reloading = asyncio.create_task(Listener(app_key).open())
    await asyncio.sleep(0.1)
    await listeners.pop().leave()
    listeners.append(await reloading)
    for listener in listeners:
        await listener.leave()


@pytest.mark.parametrize("how", ["revoked", "expired", "app deleted"])
async def test_a_stream_ends_with_its_key(
    project: App, app_key: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "BEAT", 0.05)
    listener = await Listener(app_key).open()
    if how == "app deleted":
        await App.everyone.filter(pk=project.pk).adelete()
    else:
        moment = timezone.now() - timedelta(seconds=1)
        await ApiKey.everyone.aupdate(**{{"revoked": "revoked_at", "expired": "expires_at"}[how]: moment})
    while (piece := await listener.piece()) == b": ping\n\n":
        pass
    assert piece == b""
    await listener.leave()


async def test_nothing_is_left_of_streams_that_ended(app_key: str) -> None:
    before = asyncio.all_tasks()
    listeners = [await Listener(app_key).open() for _ in range(3)]
    for listener in listeners:
        await listener.leave()
    await event_hub.here().settled()
    if ending := asyncio.all_tasks() - before:
        await asyncio.wait(ending, timeout=30)
    assert asyncio.all_tasks() == before
    assert not await EventSeat.objects.filter(until__gt=timezone.now()).aexists()
