from __future__ import annotations

import asyncio
import logging
import socket

import pytest

import vendo
from fake_dashboard import Answer, Dashboard, good, refusal
from vendo import _http
from vendo.errors import UpstreamError, VendoError

GOOD = good({"access_token": "n"})
DOWN = refusal(503, "internal_error")


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_that_may_pass_is_repeated(dashboard: Dashboard, status: int) -> None:
    failure = refusal(status, "upstream_error")
    dashboard.say("/credentials/notion", failure, failure, failure, GOOD)
    assert vendo.token("notion") == "n"
    assert len(dashboard.seen) == 4


@pytest.mark.usefixtures("vendo_mode")
def test_three_repeats_are_the_most(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", DOWN)
    with pytest.raises(UpstreamError):
        vendo.token("notion")
    assert len(dashboard.seen) == 4


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 429, 501])
def test_what_will_not_pass_is_not_repeated(dashboard: Dashboard, status: int) -> None:
    dashboard.say("/credentials/notion", Answer(status, b""))
    with pytest.raises(VendoError):
        vendo.token("notion")
    assert len(dashboard.seen) == 1


@pytest.mark.usefixtures("vendo_mode")
def test_an_answer_cut_short_is_repeated(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", Answer(200, GOOD.body, cut_short=True), GOOD)
    assert vendo.token("notion") == "n"


@pytest.mark.usefixtures("vendo_mode")
def test_a_server_that_asks_for_a_second_gets_it(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("vendo._flow.time.sleep", pauses.append)
    dashboard.say("/credentials/notion", refusal(503, "internal_error", retry_after=1), GOOD)
    assert vendo.token("notion") == "n"
    assert pauses == [1]


@pytest.mark.usefixtures("vendo_mode")
def test_a_server_that_asks_for_longer_than_our_patience_fails_at_once(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", refusal(503, "internal_error", retry_after=61))
    with pytest.raises(UpstreamError) as caught:
        vendo.token("notion")
    assert caught.value.retry_after == 61
    assert len(dashboard.seen) == 1


@pytest.mark.usefixtures("vendo_mode")
def test_patience_ends(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "PATIENCE_SECONDS", 0.0)
    dashboard.say("/credentials/notion", DOWN)
    with pytest.raises(UpstreamError):
        vendo.token("notion")
    assert len(dashboard.seen) == 1


@pytest.mark.usefixtures("vendo_mode")
def test_async_requests_outside_the_cache_repeat_too(dashboard: Dashboard) -> None:
    missing = refusal(403, "binding_missing", slug="notion", connect_url=dashboard.connect_url("notion"))
    dashboard.say("/credentials/notion", DOWN, missing)
    assert asyncio.run(vendo.aio.connect_url("notion")) == dashboard.connect_url("notion")
    assert len(dashboard.seen) == 2


def test_nobody_listens(key: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        client = vendo.Vendo(key, f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(UpstreamError, match="can't be reached: Connection refused") as caught:
            client.token("notion")
    assert (caught.value.code, caught.value.status, caught.value.slug) == ("unreachable", None, "notion")


def test_a_name_that_is_no_host(key: str) -> None:
    with pytest.raises(UpstreamError, match="can't be reached"):
        vendo.Vendo(key, "http://..").token("notion")


def test_something_that_is_no_web_server(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "PAUSES", ())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = vendo.AsyncVendo(key, f"http://127.0.0.1:{listener.getsockname()[1]}")

        async def greet() -> None:
            asking = asyncio.create_task(client.token("notion"))
            connection, _ = await asyncio.to_thread(listener.accept)
            with connection:
                connection.sendall(b"220 mail.example ESMTP\r\n")
            await asking

        with pytest.raises(UpstreamError, match="can't be reached: BadStatusLine"):
            asyncio.run(greet())


def test_a_server_that_never_answers(dashboard: Dashboard, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "ATTEMPT_SECONDS", 0.05)
    monkeypatch.setattr(_http, "PAUSES", (0.001,))
    with dashboard.holding_back(), pytest.raises(UpstreamError, match="can't be reached: TimeoutError"):
        vendo.Vendo(key, dashboard.url).token("notion")
    assert len(dashboard.seen) == 2


@pytest.mark.usefixtures("vendo_mode")
def test_repeats_are_logged_without_secrets(dashboard: Dashboard, key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    dashboard.say("/credentials/notion", DOWN, GOOD)
    vendo.token("notion")
    ours = [record.getMessage() for record in caplog.records if record.name == "vendo"]
    assert len(ours) == 1
    assert ours[0].startswith(f"GET {dashboard.url}/credentials/notion: status 503; again in ")
    assert key not in caplog.text
