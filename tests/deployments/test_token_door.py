"""The fast way to a token: what it answers, the ordinary view would have answered; all else is left to that view."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.db import connection as database
from django.utils import timezone

from connections.models import Connection, Integration
from deployments import bindings, keys, token_lookup
from deployments.asgi_door import in_thread
from deployments.models import ApiKey, App
from deployments.token_door import TURNS, TokenDoor
from tests.servers import serving

pytestmark = pytest.mark.django_db(transaction=True)
type Ask = Callable[..., httpx2.Response]

BEHIND = 299  # the status by which one sees that the view behind was asked


async def view_behind(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Django."""
    await send({"type": "http.response.start", "status": BEHIND, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def url() -> Iterator[str]:
    """The door's address."""
    door = TokenDoor(view_behind)
    with serving(door, at_the_end=door.close) as address:
        yield address


@pytest.fixture
def ask(url: str, app_key: str) -> Ask:
    """(slug="notion", key=the project's, method="GET", **headers) → response."""

    def ask(slug: str = "notion", key: str = app_key, method: str = "GET", **headers: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}"} | headers
        return httpx2.request(method, f"{url}/credentials/{slug}", headers=headers)

    return ask


@pytest.fixture
def connection(project: App, make_connection: Callable[..., Connection]) -> Connection:
    """Notion, bound to the project."""
    row = make_connection(project.tenant, "notion")
    bindings.bind(project, row)
    return row


def test_a_good_token_is_answered_at_once(ask: Ask, connection: Connection, tool_client: Any, app_key: str) -> None:
    answer = ask()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == tool_client(app_key).get("/credentials/notion").json()


def test_so_is_one_with_time_to_live(ask: Ask, connection: Connection, tool_client: Any, app_key: str) -> None:
    Connection.everyone.update(expires_at=timezone.now() + timedelta(minutes=5))
    answer = ask()
    assert answer.status_code == 200
    assert answer.json()["expires_at"].endswith("Z")
    assert answer.json() == tool_client(app_key).get("/credentials/notion").json()


def soon() -> Any:
    """Within the margin in which a token is renewed."""
    return timezone.now() + timedelta(seconds=59)


@pytest.mark.parametrize(
    "change",
    [
        lambda: ApiKey.everyone.update(revoked_at=timezone.now()),
        lambda: ApiKey.everyone.update(expires_at=timezone.now()),
        lambda: Integration.objects.update(enabled=False),
        lambda: Connection.everyone.update(status=Connection.Status.REVOKED),
        lambda: Connection.everyone.update(status=Connection.Status.NEEDS_REAUTH),
        lambda: Connection.everyone.update(status=Connection.Status.ERROR),
        lambda: Connection.everyone.update(credential=None),
        lambda: Connection.everyone.update(expires_at=soon()),
        lambda: Connection.everyone.get().bindings.all().delete(),
    ],
    ids=["revoked", "expired", "disabled", "disconnected", "reauth", "error", "empty", "due", "unbound"],
)
def test_from_the_very_next_request_on_the_view_decides(
    ask: Ask, connection: Connection, change: Callable[[], object]
) -> None:
    assert ask().status_code == 200
    change()
    assert ask().status_code == BEHIND


@pytest.mark.parametrize(
    "asked",
    [
        {"key": "vendo_sk_" + "A" * 32},
        {"key": "vendo_sk_short"},
        {"authorization": "Basic eA=="},
        {"x-vendo-connection": "189ced31-5bc7-4c1f-a888-c7ee2650f3b6"},
        {"slug": "googledrive"},
        {"slug": "_bulk?slugs=notion"},
        {"slug": "Notion"},
        {"slug": "notion/"},
        {"slug": '"},{"'},
        {"slug": "{a,b}"},
        {"slug": "%00"},
        {"method": "HEAD"},
        {"method": "POST"},
    ],
    ids=str,
)
def test_whatever_is_not_plain_goes_to_the_view(ask: Ask, connection: Connection, asked: dict[str, str]) -> None:
    assert ask(**asked).status_code == BEHIND


def test_a_connection_key_goes_to_the_view(ask: Ask, connection: Connection) -> None:
    assert ask(key=keys.mint_for_connection(connection, "one")[1]).status_code == BEHIND


def test_somebody_elses_key_opens_nothing_here(ask: Ask, connection: Connection, other_tenant: Any) -> None:
    stranger = App.everyone.create(tenant=other_tenant, name="Elsewhere")
    assert ask(key=keys.mint(stranger, "theirs")[1]).status_code == BEHIND


@pytest.mark.asyncio
async def test_many_at_once_each_get_their_own(
    url: str, tenant: Any, make_connection: Callable[..., Connection]
) -> None:
    def cast() -> list[tuple[str, str]]:
        made = []
        for number in range(20):
            app = App.everyone.create(tenant=tenant, name=str(number))
            row = make_connection(tenant, "notion", account_id=str(number), token=f"token-{number}")
            bindings.bind(app, row)
            made.append((keys.mint(app, "k")[1], f"token-{number}"))
        return made

    expected = await in_thread(cast)
    async with httpx2.AsyncClient(base_url=url, limits=httpx2.Limits(max_connections=40)) as client:

        async def one(key: str, token: str) -> None:
            answer = await client.get("/credentials/notion", headers={"authorization": f"Bearer {key}"})
            assert answer.json()["access_token"] == token

        await asyncio.gather(*(one(*pair) for pair in expected * 5))


@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["/credentials/notion", "/credentials/_bulk?slugs=notion"])
async def test_a_few_of_one_key_go_to_the_view_at_once_and_the_others_look_again(
    connection: Connection, app_key: str, address: str
) -> None:
    there, seen = 0, []

    async def slow_view(scope: Any, receive: Any, send: Any) -> None:
        nonlocal there
        there += 1
        seen.append(there)
        await asyncio.sleep(0.2)
        await in_thread(lambda: Connection.everyone.update(expires_at=None))
        there -= 1
        await view_behind(scope, receive, send)

    await in_thread(lambda: Connection.everyone.update(expires_at=soon()))
    door = TokenDoor(slow_view)
    with serving(door, at_the_end=door.close) as url:
        async with httpx2.AsyncClient(base_url=url) as client:
            headers = {"authorization": f"Bearer {app_key}"}
            answers = await asyncio.gather(*(client.get(address, headers=headers) for _ in range(12)))
    statuses = [answer.status_code for answer in answers]
    assert max(seen) == TURNS
    if "_bulk" in address:  # which is always the view's
        assert statuses == [BEHIND] * 12
    else:
        assert sorted(statuses) == [200] * (12 - TURNS) + [BEHIND] * TURNS


def test_the_use_of_a_key_is_noted_once_a_minute(ask: Ask, connection: Connection, url: str) -> None:
    assert ask().status_code == 200
    noted = _wait_for_use()
    assert ask().status_code == 200
    assert ApiKey.everyone.get().last_used_at == noted


def _wait_for_use() -> Any:
    end = timezone.now() + timedelta(seconds=10)
    while timezone.now() < end:
        if noted := ApiKey.everyone.get().last_used_at:
            return noted
    raise AssertionError("never noted")


def test_a_database_that_fails_is_our_error_in_the_envelope(
    ask: Ask, connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, app_key: str
) -> None:
    monkeypatch.setattr(token_lookup.PostgresLookup, "STATEMENT", "SELECT no_such_column")
    monkeypatch.setattr(token_lookup.ThreadLookup, "STATEMENT", "SELECT no_such_column, %s, %s, %s, %s")
    answer = ask()
    assert (answer.status_code, answer.headers["vendo-error-code"]) == (500, "internal_error")
    assert "no_such_column" not in answer.text
    assert app_key not in caplog.text


@pytest.mark.skipif(database.vendor != "postgresql", reason="a connection that can be cut from outside")
def test_a_connection_that_was_cut_is_made_anew(ask: Ask, connection: Connection) -> None:
    assert ask().status_code == 200
    with database.cursor() as cursor:
        # The door's own alone: other tests use the same server at the same time.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%FROM unnest%'"
        )
        assert cursor.fetchall()
    assert ask().status_code == 200
