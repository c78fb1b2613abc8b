"""A provider that takes its time over a token makes nobody wait but those who want that token."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from connections import credentials, oauth
from connections.catalog import TokenAnswer
from connections.models import Connection, Integration
from deployments import asgi_door, bindings, keys, proxy_door, renewals
from deployments.models import App
from deployments.projects import create_project
from tests.deployments.proxy.asking import Ask, refused, request
from tests.servers import Upstream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
MakeConnection = Callable[..., Connection]


@pytest.fixture
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Google says nothing until this is set."""
    event = threading.Event()

    def wait(*args: Any) -> TokenAnswer:
        event.wait(20)
        return TokenAnswer(access_token="new", expires_in=3600)

    monkeypatch.setattr(oauth, "refresh", wait)
    yield event
    event.set()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """Those of renewals; none has been started yet."""
    with ThreadPoolExecutor(64) as pool:
        monkeypatch.setattr(renewals, "THREADS", pool)
        yield pool


@pytest.fixture
def drive(api: Upstream, googledrive: Integration, project: App, make_connection: MakeConnection) -> Connection:
    """A connection whose token is due."""
    googledrive.endpoint_overrides = {"api_url": api.url}
    googledrive.save()
    return _due(project, make_connection)


def _due(app: App, make_connection: MakeConnection) -> Connection:
    ended = timezone.now() - timedelta(minutes=1)
    made = make_connection(app.tenant, "googledrive", token="old", refresh_token="r", expires_at=ended)
    bindings.bind(app, made)
    return made


@pytest.fixture
def crowd(door: str, drive: Connection, app_key: str, let_go: threading.Event) -> Iterator[list[Any]]:
    """More requests than there are threads, all waiting for one token; their answers, once it is there."""
    answers: list[Any] = []
    with ThreadPoolExecutor(40) as pool:
        for _ in range(40):
            job = pool.submit(request, door, "GET", "/proxy/googledrive/x", x_api_key=app_key)
            job.add_done_callback(lambda job: answers.append(job.result()))
        time.sleep(1)
        yield answers
        let_go.set()


def test_others_do_not_wait_for_it(crowd: list[Any], ask: Ask) -> None:
    assert ask()[0] == 200
    assert crowd == []


def test_a_connection_takes_one_thread(threads: ThreadPoolExecutor, crowd: list[Any], let_go: threading.Event) -> None:
    assert len(threads._threads) == 1
    let_go.set()
    end = time.monotonic() + 20
    while len(crowd) < 40 and time.monotonic() < end:
        time.sleep(0.05)
    assert {answer[0] for answer in crowd} == {200}


def test_a_workspace_takes_a_few(
    crowd: list[Any], door: str, drive: Connection, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals, "OF_ONE_TENANT", 1)
    other = create_project(drive.tenant, "Other")
    _due(other, make_connection)
    _, text = keys.mint(other, "other")
    refused(request(door, "GET", "/proxy/googledrive/x", x_api_key=text), 429, "rate_limited")
    assert crowd == []


def test_keys_of_one_workspace_share_its_room(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_door, "OF_ONE_TENANT", 0)
    assert "workspace" in refused(ask(), 429, "rate_limited")["message"]


def test_a_door_that_was_left_has_room_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_door, "OF_ONE_TENANT", 1)
    assert [ask()[0] for _ in range(3)] == [200] * 3


def test_the_doors_threads_are_not_those_of_renewals() -> None:
    assert renewals.THREADS is not asgi_door.THREADS


def test_waiting_for_a_provider_holds_no_database_connection(
    drive: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def look(*args: Any) -> TokenAnswer:
        held.append(database.connection is not None)
        return TokenAnswer(access_token="new", expires_in=3600)

    monkeypatch.setattr(oauth, "refresh", look)
    assert credentials.fresh_token(drive).access_token == "new"
    assert held == [False]
