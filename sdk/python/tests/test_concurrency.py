"""Many callers, one request; and nobody waits for ever."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path
from time import sleep

import pytest

import vendo
from fake_dashboard import Dashboard, refusal
from vendo._flights import Flights, Together
from vendo.errors import NeedsReauth
from waiting import wait_until

pytestmark = pytest.mark.usefixtures("vendo_mode")
SRC = Path(vendo.__file__).parent.parent


def test_threads_share_one_request(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    with ThreadPoolExecutor(32) as pool, dashboard.holding_back():
        asking = [pool.submit(vendo.token, "notion") for _ in range(32)]
        wait_until(lambda: dashboard.seen)
        sleep(0.05)
        dashboard.open.set()
        assert {one.result() for one in asking} == {"n"}
    assert len(dashboard.seen) == 1


def test_tasks_share_one_request(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")

    async def ask() -> set[str]:
        return set(await asyncio.gather(*(vendo.aio.token("notion") for _ in range(100))))

    assert asyncio.run(ask()) == {"n"}
    assert len(dashboard.seen) == 1


def test_threads_and_event_loops_share_one_request(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    with ThreadPoolExecutor(16) as pool, dashboard.holding_back():
        asking = [pool.submit(vendo.token, "notion") for _ in range(8)]
        asking += [pool.submit(lambda: asyncio.run(vendo.aio.token("notion"))) for _ in range(8)]
        wait_until(lambda: dashboard.seen)
        sleep(0.05)
        dashboard.open.set()
        assert {one.result() for one in asking} == {"n"}
    assert len(dashboard.seen) == 1


def test_the_same_bulk_question_is_asked_once(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")

    async def ask() -> list[dict[str, str | None]]:
        questions = (["notion", "slack"], ["slack", "notion"])
        with dashboard.holding_back():
            asking = [asyncio.create_task(vendo.aio.tokens(slugs)) for slugs in questions]
            await asyncio.to_thread(wait_until, lambda: dashboard.seen)
        return await asyncio.gather(*asking)

    assert asyncio.run(ask()) == [{"notion": "n", "slack": None}] * 2
    assert len(dashboard.seen) == 1


def test_other_providers_do_not_wait(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    dashboard.connect("slack", "s")
    with ThreadPoolExecutor(2) as pool, dashboard.holding_back():
        asking = [pool.submit(vendo.token, slug) for slug in ("notion", "slack")]
        wait_until(lambda: len(dashboard.seen) == 2)
        dashboard.open.set()
        assert [one.result() for one in asking] == ["n", "s"]


def test_an_error_reaches_everyone_as_a_copy_of_their_own(dashboard: Dashboard) -> None:
    url = dashboard.connect_url("notion")
    dashboard.say("/credentials/notion", refusal(401, "connection_needs_reauth", slug="notion", connect_url=url))

    async def ask() -> list[str | BaseException]:
        with dashboard.holding_back():
            asking = [asyncio.create_task(vendo.aio.token("notion")) for _ in range(5)]
            await asyncio.to_thread(wait_until, lambda: dashboard.seen)
        return await asyncio.gather(*asking, return_exceptions=True)

    errors = asyncio.run(ask())
    assert len({id(error) for error in errors}) == 5
    assert all(isinstance(error, NeedsReauth) and error.connect_url == url for error in errors)
    assert len(dashboard.seen) == 1


def test_a_cancelled_task_takes_nobody_along(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")

    async def ask() -> str:
        with dashboard.holding_back():
            first, second, third = (asyncio.create_task(vendo.aio.token("notion")) for _ in range(3))
            await asyncio.to_thread(wait_until, lambda: dashboard.seen)
            first.cancel()
            third.cancel()
            await asyncio.wait([first, third])
        return await second

    assert asyncio.run(ask()) == "n"
    assert len(dashboard.seen) == 1


def test_a_blocking_call_in_the_event_loop_does_not_lock_up(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")

    async def ask() -> tuple[str, str]:
        with dashboard.holding_back():
            task = asyncio.create_task(vendo.aio.token("notion"))
            await asyncio.to_thread(wait_until, lambda: dashboard.seen)
            threading.Timer(0.05, dashboard.open.set).start()
            blocking = vendo.token("notion")
        return blocking, await task

    assert asyncio.run(ask()) == ("n", "n")
    assert len(dashboard.seen) == 1


def test_who_waits_takes_over_from_an_interrupted_caller() -> None:
    flights: Flights[str] = Flights()
    interrupted, waiting = threading.Event(), threading.Event()
    is_first = chain([True], repeat(False))

    def work() -> str:
        if next(is_first):
            waiting.wait(30)
            raise KeyboardInterrupt
        return "n"

    def first() -> None:
        with pytest.raises(KeyboardInterrupt):
            Together(flights, "notion", work).run()
        interrupted.set()

    async def others() -> list[str]:
        together = Together(flights, "notion", work)
        asking = [asyncio.create_task(together.run_async()), asyncio.create_task(asyncio.to_thread(together.run))]
        await asyncio.sleep(0.02)
        waiting.set()
        return await asyncio.gather(*asking)

    thread = threading.Thread(target=first)
    thread.start()
    wait_until(lambda: flights._in_the_air)
    next_outcomes = asyncio.run(others())
    thread.join()
    assert interrupted.is_set()
    assert next_outcomes == ["n", "n"]


def test_a_bug_is_raised_and_nobody_is_stuck() -> None:
    flights: Flights[str] = Flights()

    def work() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        Together(flights, "notion", work).run()
    with pytest.raises(LookupError):
        asyncio.run(Together(flights, "notion", work).run_async())
    assert not flights._in_the_air


def test_without_a_thread_to_be_had_it_works_by_blocking(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    together = Together(Flights[str](), "notion", lambda: "n")

    async def ask() -> str:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_more)
            return await together.run_async()

    assert asyncio.run(ask()) == "n"


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system does not fork")
def test_a_forked_child_does_not_wait_for_its_parents_threads(dashboard: Dashboard) -> None:
    """As when a web server is forked after start-up, while a thread is asking for a token."""
    dashboard.connect("notion", "n")
    program = f"""
        import os, sys, threading
        sys.path.insert(0, {str(SRC)!r})
        import vendo
        client = vendo.Vendo()
        threading.Thread(target=client.token, args=("notion",), daemon=True).start()
        sys.stdin.readline()
        child = os.fork()
        if child == 0:
            sys.stdout.write(client.token("notion") + vendo.token("notion"))
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        try:
            with dashboard.holding_back():
                wait_until(lambda: dashboard.seen)
                process.stdin.write("fork\n")
                process.stdin.flush()
                wait_until(lambda: len(dashboard.seen) == 2)
            out, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    assert out == "nn"
