from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import sleep

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vendo
from fake_dashboard import Dashboard, good, serve
from vendo import _account, _tokens

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
SetClock = Callable[[float], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_clock(seconds: float) -> None:
        for module in (_account, _tokens):
            monkeypatch.setattr(module, "time", lambda: NOW + seconds)

    set_clock(0)
    return set_clock


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(
    ("expires_at", "last_second"),
    [
        ("2030-01-01T01:00:00Z", 3600 - 60),
        ("2030-01-01T01:00:00.000Z", 3600 - 60),
        ("2030-01-01T02:00:00+01:00", 3600 - 60),
        ("2030-01-01T01:00:00", 3600 - 60),
        (None, 50 * 60),
    ],
)
def test_a_token_is_kept_until_a_minute_before_it_expires(
    dashboard: Dashboard, clock: SetClock, expires_at: str | None, last_second: int
) -> None:
    dashboard.connect("notion", "old", expires_at)
    assert vendo.token("notion") == "old"
    dashboard.connect("notion", "new", expires_at)
    clock(last_second - 1)
    assert vendo.token("notion") == "old"
    clock(last_second)
    assert vendo.token("notion") == "new"


@pytest.mark.usefixtures("vendo_mode")
def test_a_token_about_to_expire_is_used_and_not_kept(dashboard: Dashboard, clock: SetClock) -> None:
    dashboard.connect("notion", "n", "2030-01-01T00:00:30Z")
    assert [vendo.token("notion"), vendo.token("notion")] == ["n", "n"]
    assert len(dashboard.seen) == 2


@pytest.mark.usefixtures("vendo_mode")
def test_all_clients_of_one_key_share_it(dashboard: Dashboard, key: str) -> None:
    dashboard.connect("notion", "n")
    assert vendo.token("notion") == "n"
    assert asyncio.run(vendo.aio.token("notion")) == "n"
    assert vendo.Vendo().token("notion") == "n"
    assert asyncio.run(vendo.AsyncVendo(key, None).tokens(["notion"])) == {"notion": "n"}
    assert len(dashboard.seen) == 1


def test_another_key_or_dashboard_does_not(dashboard: Dashboard, key: str) -> None:
    dashboard.connect("notion", "n")
    vendo.Vendo(key, dashboard.url).token("notion")
    vendo.Vendo(key + "2", dashboard.url).token("notion")
    assert len(dashboard.seen) == 2
    with serve() as other:
        other.connect("notion", "another's")
        assert vendo.Vendo(key, other.url).token("notion") == "another's"


@pytest.mark.usefixtures("vendo_mode")
def test_invalidate_forgets_one_or_all(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    dashboard.connect("slack", "s")
    vendo.tokens(["notion", "slack"])
    vendo.invalidate("notion")
    vendo.token("slack")
    assert len(dashboard.seen) == 1
    vendo.token("notion")
    assert len(dashboard.seen) == 2
    vendo.AsyncVendo().invalidate()
    vendo.tokens(["notion", "slack"])
    assert len(dashboard.seen) == 3


@pytest.mark.usefixtures("vendo_mode")
def test_an_answer_under_way_while_invalidated_is_not_kept(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", good({"access_token": "stale"}), good({"access_token": "fresh"}))
    with dashboard.holding_back():
        asking = threading.Thread(target=vendo.token, args=("notion",))
        asking.start()
        while not dashboard.seen:
            sleep(0.001)
        vendo.invalidate("notion")
    asking.join()
    assert vendo.token("notion") == "fresh"


def test_many_keys_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_account, "_MOST_ACCOUNTS", 3)
    clients = [vendo.Vendo(f"vendo_sk_{number}", "http://localhost:8000") for number in range(9)]
    assert len(_account._accounts) == 3
    assert vendo.Vendo("vendo_sk_8", "http://localhost:8000")._account is clients[8]._account


@pytest.mark.usefixtures("vendo_mode")
@given(expires_at=st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat) | st.text(max_size=40))
@settings(database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_expiry_is_a_token_or_our_error(dashboard: Dashboard, expires_at: str) -> None:
    dashboard.say("/credentials/notion", good({"access_token": "n", "expires_at": expires_at}))
    vendo.invalidate()
    try:
        assert vendo.token("notion") == "n"
    except vendo.errors.UpstreamError as error:
        assert error.code == "invalid_response"  # noqa: PT017 (both ends are right)
