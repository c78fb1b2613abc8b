"""Listening: nothing is missed, nothing comes twice, and it ends when it is told to."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from time import monotonic, sleep

import pytest

import vendo
from fake_dashboard import Answer, Dashboard, refusal
from vendo import Event, _network, _watch
from vendo.errors import AuthError, ValidationError, VendoOnlyFeature
from waiting import wait_until

pytestmark = pytest.mark.usefixtures("vendo_mode")
EVENTS = "/api/deployments/me/events"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, each of which takes no time."""
    found: list[float] = []
    monkeypatch.setattr(_network.Line, "wait", lambda _, seconds: found.append(seconds))
    return found


@contextmanager
def listening(dashboard: Dashboard) -> Iterator[list[Event]]:
    """What a thread hears; the stream stands when the block begins."""
    heard: list[Event] = []
    with vendo.events.subscribe() as subscription:
        thread = threading.Thread(target=lambda: deque(map(heard.append, subscription), maxlen=0))
        thread.start()
        wait_until(lambda: dashboard.streams)
        yield heard
    thread.join(5)
    assert not thread.is_alive()


def ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


def test_an_event_has_every_field(dashboard: Dashboard) -> None:
    with listening(dashboard) as heard:
        dashboard.publish(1, kind="connection.status_changed", status="needs_reauth", more="x")
        wait_until(lambda: heard)
    (event,) = heard
    assert event == Event(
        id="evt_1",
        kind="connection.status_changed",
        slug="notion",
        connection_id="c",
        status="needs_reauth",
        at=datetime(2030, 1, 1, tzinfo=UTC),
        data=event.data,
    )
    assert event.data["more"] == "x"


def test_the_request_is_the_contracts(dashboard: Dashboard, key: str) -> None:
    with listening(dashboard):
        headers = dashboard.seen[0].headers
    assert headers["Accept"] == "text/event-stream"
    assert headers["Authorization"] == f"Bearer {key}"
    assert "Last-Event-ID" not in headers


def test_old_names_make_no_second_event(dashboard: Dashboard) -> None:
    with listening(dashboard) as heard:
        for number in (1, 2, 3):
            dashboard.publish(number)
        wait_until(lambda: len(heard) >= 3)
        dashboard.publish(4, kind="connection.invented")
        wait_until(lambda: len(heard) >= 4)
    assert ids(heard) == ["evt_1", "evt_2", "evt_3", "evt_4"]
    assert heard[-1].kind == "connection.invented"


def test_a_broken_stream_goes_on_where_it_broke_off(dashboard: Dashboard) -> None:
    with listening(dashboard) as heard:
        dashboard.publish(1)
        wait_until(lambda: heard)
        dashboard.cut_streams()
        dashboard.publish(2)
        wait_until(lambda: len(heard) == 2)
    assert ids(heard) == ["evt_1", "evt_2"]
    assert dashboard.seen[-1].headers["Last-Event-ID"] == "evt_1"


def test_what_is_replayed_a_second_time_is_not_heard_again(dashboard: Dashboard) -> None:
    with listening(dashboard) as heard:
        for number in (1, 2, 3):
            dashboard.publish(number)
        wait_until(lambda: len(heard) == 3)
        for piece in (*dashboard.events, b'id: evt_9\ndata: {"slug": "notion"}\n\n'):
            dashboard.say_to_all(piece)
        wait_until(lambda: len(heard) == 4)
    assert ids(heard) == ["evt_1", "evt_2", "evt_3", "evt_9"]


@pytest.mark.parametrize("piece", [b"data: no JSON\n\n", b"data: []\n\n", b'data: {"slug": "../x"}\n\n', b": ping\n\n"])
def test_what_is_no_event_is_passed_over(dashboard: Dashboard, piece: bytes) -> None:
    with listening(dashboard) as heard:
        dashboard.say_to_all(piece)
        dashboard.publish(1)
        wait_until(lambda: heard)
    assert ids(heard) == ["evt_1"]


def test_an_id_that_no_header_carries_is_not_sent(dashboard: Dashboard) -> None:
    with listening(dashboard) as heard:
        dashboard.say_to_all('id: é\ndata: {"slug": "notion"}\n\n'.encode())
        wait_until(lambda: heard)
        dashboard.cut_streams()
        wait_until(lambda: dashboard.streams)
    assert "Last-Event-ID" not in dashboard.seen[-1].headers


def test_an_event_forgets_the_token_and_leaves_the_others(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "old")
    dashboard.connect("slack", "s")
    user = vendo.for_user("jwt")
    assert [vendo.token("notion"), user.token("notion"), vendo.token("slack")] == ["old", "old", "s"]
    dashboard.connect("notion", "new")
    dashboard.connect("slack", "not asked for")
    with listening(dashboard) as heard:
        assert vendo.token("notion") == "old"
        dashboard.publish(1)
        wait_until(lambda: heard)
        assert [vendo.token("notion"), user.token("notion"), vendo.token("slack")] == ["new", "new", "s"]


def test_after_an_interruption_no_old_token_is_trusted(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "old")
    with listening(dashboard):
        assert vendo.token("notion") == "old"
        dashboard.connect("notion", "new")
        dashboard.cut_streams()
        wait_until(lambda: vendo.token("notion") == "new")


def test_on_open_is_called_each_time_the_stream_stands(dashboard: Dashboard) -> None:
    opened: list[int] = []
    with vendo.events.subscribe(on_open=lambda: opened.append(len(dashboard.streams))) as subscription:
        thread = threading.Thread(target=next, args=(subscription, None))
        thread.start()
        wait_until(lambda: opened)
        dashboard.cut_streams()
        wait_until(lambda: len(opened) == 2)
    thread.join()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302])
def test_a_failing_dashboard_is_tried_again(dashboard: Dashboard, status: int) -> None:
    dashboard.say(EVENTS, refusal(status, "internal_error"))
    with vendo.events.subscribe(max_backoff_sec=0.005) as subscription:
        thread = threading.Thread(target=next, args=(subscription, None))
        thread.start()
        wait_until(lambda: len(dashboard.seen) >= 6)
        dashboard.say(EVENTS)
        wait_until(lambda: dashboard.streams)
        dashboard.publish(1)
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("answer", [Answer(200, b"<h1>Sign in</h1>", {"Content-Type": "text/html"}), Answer(200)])
def test_an_answer_that_is_no_stream_is_tried_again(dashboard: Dashboard, answer: Answer) -> None:
    dashboard.say(EVENTS, answer)
    with vendo.events.subscribe() as subscription:
        thread = threading.Thread(target=next, args=(subscription, None))
        thread.start()
        wait_until(lambda: len(dashboard.seen) >= 3)
    thread.join()


def test_a_full_house_is_waited_for_as_long_as_it_says(dashboard: Dashboard, waits: list[float]) -> None:
    dashboard.say(EVENTS, refusal(429, "rate_limit_sse_streams", retry_after=17), refusal(401, "app_revoked"))
    with pytest.raises(AuthError):
        next(vendo.events.subscribe())
    assert waits == [17]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(401, "app_revoked", AuthError), (401, "app_unknown", AuthError), (404, "not_found", ValidationError)],
)
def test_what_no_waiting_mends_is_raised_and_ends_it(
    dashboard: Dashboard, status: int, code: str, expected: type[Exception]
) -> None:
    dashboard.say(EVENTS, refusal(status, code))
    subscription = vendo.events.subscribe()
    with pytest.raises(expected):
        next(subscription)
    assert next(subscription, None) is None
    assert len(dashboard.seen) == 1


def test_pauses_double_to_the_cap_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watch, "FIRST_PAUSE", 1.0)
    pauses = _watch.Pauses(30.0)
    for longest in (1, 2, 4, 8, 16, 30, 30):
        assert longest / 2 <= pauses.next(at_least=0) <= longest
    pauses.start_over()
    assert pauses.next(at_least=0) <= 1
    assert pauses.next(at_least=60) == 60
    assert len({_watch.Pauses(30.0).next(at_least=0) for _ in range(20)}) > 1


def test_a_stream_that_brought_something_resets_the_pauses(
    dashboard: Dashboard, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watch, "FIRST_PAUSE", 1.0)
    down = refusal(503, "internal_error")
    good = Answer(200, b'data: {"slug": "notion"}\n\n', {"Content-Type": "text/event-stream"})
    dashboard.say(EVENTS, down, down, down, good, down, refusal(401, "app_revoked"))
    with pytest.raises(AuthError):
        list(vendo.events.subscribe())
    assert waits[2] >= 2
    assert waits[3] <= 1


def test_a_stream_that_only_opens_and_ends_does_not_reset_them(
    dashboard: Dashboard, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watch, "FIRST_PAUSE", 1.0)
    empty = Answer(200, b": open\n\n", {"Content-Type": "text/event-stream"})
    dashboard.say(EVENTS, empty, empty, empty, refusal(401, "app_revoked"))
    with pytest.raises(AuthError):
        list(vendo.events.subscribe())
    assert waits[2] >= 2


def test_a_dead_connection_is_noticed(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _network.SILENCE_SECONDS > 2 * 25
    monkeypatch.setattr(_network, "SILENCE_SECONDS", 0.05)
    with listening(dashboard):
        wait_until(lambda: len(dashboard.streams) == 3)


def test_a_line_without_end_is_given_up(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendo._sse.LONGEST_BLOCK", 1000)
    with listening(dashboard) as heard:
        dashboard.say_to_all(b"data: " + b"x" * 5000)
        wait_until(lambda: len(dashboard.streams) == 2)
        dashboard.publish(1)
        wait_until(lambda: heard)


def in_the_stream(dashboard: Dashboard) -> None:
    wait_until(lambda: dashboard.streams)
    sleep(0.02)


def before_the_answer(dashboard: Dashboard) -> None:
    wait_until(lambda: dashboard.seen)


def in_a_pause(dashboard: Dashboard) -> None:
    wait_until(lambda: dashboard.seen)
    sleep(0.05)


MOMENTS = [in_the_stream, before_the_answer, in_a_pause]


def arrange(dashboard: Dashboard, moment: Callable[[Dashboard], None], monkeypatch: pytest.MonkeyPatch) -> None:
    if moment is before_the_answer:
        dashboard.say(EVENTS, Answer())
        dashboard.open.clear()
    if moment is in_a_pause:
        monkeypatch.setattr(_watch, "FIRST_PAUSE", 60.0)
        dashboard.say(EVENTS, refusal(503, "internal_error"))


@pytest.mark.parametrize("moment", MOMENTS)
def test_another_thread_stops_it_at_once(
    dashboard: Dashboard, moment: Callable[[Dashboard], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange(dashboard, moment, monkeypatch)
    subscription = vendo.events.subscribe(max_backoff_sec=60)
    heard: list[Event] = []
    thread = threading.Thread(target=lambda: heard.extend(subscription))
    thread.start()
    moment(dashboard)
    started = monotonic()
    subscription.close()
    thread.join(5)
    assert monotonic() - started < 1
    assert not thread.is_alive()
    assert heard == []
    dashboard.open.set()


@pytest.mark.parametrize("moment", MOMENTS)
def test_another_task_stops_it_at_once(
    dashboard: Dashboard, moment: Callable[[Dashboard], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange(dashboard, moment, monkeypatch)

    async def listen_and_stop() -> float:
        subscription = vendo.aio.events.subscribe(max_backoff_sec=60)
        listening = asyncio.ensure_future(anext(subscription, None))
        await asyncio.to_thread(moment, dashboard)
        started = monotonic()
        await subscription.aclose()
        assert await listening is None
        return monotonic() - started

    assert asyncio.run(listen_and_stop()) < 1
    dashboard.open.set()


def test_a_closed_one_has_no_more_events(dashboard: Dashboard) -> None:
    subscription = vendo.events.subscribe()
    subscription.close()
    subscription.close()
    assert list(subscription) == []
    assert not dashboard.seen


def test_one_that_nobody_holds_gives_its_place_back(dashboard: Dashboard) -> None:
    dashboard.say(EVENTS, Answer(200, b'data: {"slug": "notion"}\n\n', {"Content-Type": "text/event-stream"}))
    assert [event.slug for event in islice(vendo.events.subscribe(), 3)] == ["notion"] * 3


def test_async_hears_the_same(dashboard: Dashboard) -> None:
    async def listen() -> list[Event]:
        heard: list[Event] = []
        async with vendo.aio.events.subscribe() as subscription:
            async for event in subscription:
                heard.append(event)
                if len(heard) == 3:
                    break
                dashboard.cut_streams()
                dashboard.publish(len(heard) + 1)
        return heard

    async def both() -> list[Event]:
        listening = asyncio.create_task(listen())
        await asyncio.to_thread(wait_until, lambda: dashboard.streams)
        dashboard.publish(1)
        return await listening

    assert ids(asyncio.run(both())) == ["evt_1", "evt_2", "evt_3"]


def test_async_a_time_limit_loses_no_event(dashboard: Dashboard) -> None:
    async def listen() -> list[Event]:
        heard: list[Event] = []
        async with vendo.aio.events.subscribe() as subscription:
            for number in (1, 2, 3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(subscription), 0.1)
                await asyncio.to_thread(wait_until, lambda: dashboard.streams)
                dashboard.publish(number)
                heard.append(await asyncio.wait_for(anext(subscription), 20))
        return heard

    assert ids(asyncio.run(listen())) == ["evt_1", "evt_2", "evt_3"]
    assert len(dashboard.seen) == 1


def test_async_raises_what_ends_it(dashboard: Dashboard) -> None:
    dashboard.say(EVENTS, refusal(401, "app_expired"))
    with pytest.raises(AuthError):
        asyncio.run(anext(vendo.aio.events.subscribe()))


def test_async_loop_ends_while_somebody_listens(dashboard: Dashboard) -> None:
    """As a web server that is stopped: nothing holds it up."""

    async def program() -> None:
        listening = asyncio.create_task(anext(vendo.aio.events.subscribe(), None))
        await asyncio.to_thread(in_the_stream, dashboard)
        assert not listening.done()

    started = monotonic()
    asyncio.run(program())
    assert monotonic() - started < 3


def test_nobody_answers(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        client = vendo.Vendo(key, f"http://127.0.0.1:{bound.getsockname()[1]}")
        with client.events.subscribe() as subscription:
            thread = threading.Thread(target=next, args=(subscription, None))
            thread.start()
            sleep(0.05)
            assert thread.is_alive()
        thread.join()


def test_interruptions_are_logged_without_secrets(
    dashboard: Dashboard, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dashboard.say(EVENTS, refusal(503, "internal_error"), refusal(401, "app_revoked", message=key))
    with pytest.raises(AuthError) as caught:
        next(vendo.events.subscribe())
    assert "The event stream is interrupted (internal_error)" in caplog.text
    assert key not in caplog.text + str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_cap_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValidationError):
        vendo.events.subscribe(max_backoff_sec=seconds)


def test_it_needs_a_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VENDO_API_KEY")
    for events in (vendo.events, vendo.aio.events):
        with pytest.raises(VendoOnlyFeature, match="VENDO_API_KEY"):
            events.subscribe()
