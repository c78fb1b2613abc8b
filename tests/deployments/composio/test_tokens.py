"""What tools have of a connection whose tokens Composio holds: tokens, and words where there are none."""

import concurrent.futures
import functools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vendo
from django.db import connections as databases
from django.test import Client
from django.utils import timezone
from vendo import errors

from connections import brokered as holding
from connections import credentials, signals, variables
from connections.composio import Composio
from connections.errors import ProviderError
from connections.models import Connection
from tests.composio import KEY, Broker
from tests.deployments.composio.conftest import refused

pytestmark = [pytest.mark.django_db(transaction=True)]


def looks(broker: Broker) -> int:
    """How often an account was looked at."""
    return sum(asked.method == "GET" for asked in broker.asked)


def test_a_token_is_fetched_once_and_kept_sealed(
    hold: Callable[..., Connection], server: str, app_key: str, broker: Broker
) -> None:
    connection = hold(access_token="held-token", expires_in=3600)
    answers = [vendo.Vendo(app_key, server).token("googledrive") for _ in range(3)]
    assert answers == ["held-token"] * 3
    assert looks(broker) == 1
    connection.refresh_from_db()
    assert "held-token" not in connection.credential
    assert connection.expires_at
    assert 3590 < (connection.expires_at - timezone.now()).total_seconds() <= 3600


def test_a_token_that_is_about_to_end_is_used_there_and_so_renewed(
    hold: Callable[..., Connection], broker: Broker
) -> None:
    connection = hold(access_token="held-token", expires_in=30)
    broker.renewal = {"access_token": "renewed", "expires_in": "3600"}
    assert credentials.fresh_token(connection).access_token == "renewed"
    assert len(broker.asked_of("POST", "/proxy")) == 1


def test_a_token_that_stays_about_to_end_is_not_handed_out(hold: Callable[..., Connection], broker: Broker) -> None:
    with pytest.raises(ProviderError, match="about to renew"):
        credentials.fresh_token(hold(access_token="held-token", expires_in=30))


def test_an_end_in_words_counts_before_a_length(hold: Callable[..., Connection]) -> None:
    end = datetime.now(UTC) + timedelta(minutes=10)
    token = credentials.fresh_token(hold(access_token="held-token", expires_at=end.isoformat(), expires_in=9))
    assert token.expires_at
    assert abs((token.expires_at - end).total_seconds()) < 2


@pytest.mark.parametrize(
    "values", [{"expires_at": "2200-01-01T00:00:00"}, {"expires_in": "1e30"}, {"expires_at": "soon", "expires_in": []}]
)
def test_an_end_that_is_told_oddly_breaks_nothing(hold: Callable[..., Connection], values: dict[str, Any]) -> None:
    assert credentials.fresh_token(hold(access_token="held-token", **values)).access_token == "held-token"


def test_a_token_is_asked_for_again_a_minute_before_its_end(hold: Callable[..., Connection], broker: Broker) -> None:
    connection = hold(access_token="held-token", expires_in=3600)
    credentials.fresh_token(connection)
    held = broker.accounts[connection.broker_account]
    held.values, held.updated_at = {"access_token": "next", "expires_in": 3600}, datetime.now(UTC)
    connection.expires_at = timezone.now() + timedelta(seconds=61)
    assert credentials.fresh_token(connection).access_token == "held-token"
    connection.expires_at = timezone.now() + timedelta(seconds=59)
    connection.save(update_fields=["expires_at"])
    assert credentials.fresh_token(connection).access_token == "next"


def test_a_token_without_an_end_is_asked_for_again_and_is_in_no_environment(hold: Callable[..., Connection]) -> None:
    connection = hold(access_token="held-token")
    expires_at = credentials.fresh_token(connection).expires_at
    assert expires_at and expires_at - timezone.now() <= timedelta(hours=1)
    assert variables.of(connection) == {}


def test_many_at_once_ask_once(hold: Callable[..., Connection], broker: Broker) -> None:
    connection = hold(access_token="held-token", expires_in=3600)
    broker.delay = 0.3

    def ask(_: int) -> str:
        try:
            return credentials.fresh_token(Connection.everyone.get(pk=connection.pk)).access_token
        finally:
            databases.close_all()

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        assert set(pool.map(ask, range(5))) == {"held-token"}
    assert looks(broker) == 1


def test_a_rejected_token_is_looked_for_anew(hold: Callable[..., Connection], broker: Broker) -> None:
    connection = hold(access_token="held-token", expires_in=3600)
    credentials.fresh_token(connection)
    broker.accounts[connection.broker_account].values["access_token"] = "next"
    assert credentials.renew(connection, "held-token").access_token == "next"


@pytest.mark.parametrize("shown", ["REDACTED", "ya29...", "", None])
def test_a_token_that_is_not_shown_cannot_be_handed_out(
    shown: str | None, hold: Callable[..., Connection], tool: vendo.Vendo, broker: Broker
) -> None:
    hold(access_token=shown)
    refusal = refused(lambda: tool.token("googledrive"))
    assert (refusal.code, refusal.status) == ("profile_unsupported", 500)
    assert "actions" in refusal.message
    assert looks(broker) == 1  # although the SDK has repeated it


@pytest.mark.parametrize("change", [{"status": "EXPIRED"}, {"status": "FAILED"}, {"disabled": True}])
def test_an_account_that_ended_needs_the_person_and_the_app_hears_of_it(
    change: dict[str, Any], hold: Callable[..., Connection], tool: vendo.Vendo, broker: Broker
) -> None:
    connection, told = hold(access_token="held-token"), []
    for name, value in change.items():
        setattr(broker.accounts[connection.broker_account], name, value)

    def hear(connection: Connection, **_: object) -> None:
        told.append(connection.status)

    signals.status_changed.connect(hear)
    assert isinstance(refused(lambda: tool.token("googledrive")), errors.NeedsReauth)
    assert told == ["needs_reauth"]
    assert tool.connections.get("googledrive").status == "needs_reauth"


def test_an_account_that_is_gone_needs_the_person(
    hold: Callable[..., Connection], tool: vendo.Vendo, broker: Broker
) -> None:
    hold(access_token="held-token")
    broker.accounts.clear()
    assert isinstance(refused(lambda: tool.token("googledrive")), errors.NeedsReauth)


def test_a_broker_in_trouble_condemns_nothing(
    hold: Callable[..., Connection], tool: vendo.Vendo, broker: Broker
) -> None:
    connection = hold(access_token="held-token")
    broker.outage = 503
    refusal = refused(lambda: tool.token("googledrive"))
    assert (type(refusal), refusal.code, refusal.status) == (errors.UpstreamError, "upstream_error", 502)
    broker.outage, broker.headers = 429, {"Retry-After": "17"}
    refusal = refused(lambda: tool.token("googledrive"))
    assert (refusal.code, refusal.status, refusal.retry_after) == ("upstream_rate_limited", 429, 17)
    connection.refresh_from_db()
    assert connection.status == "active"


def test_a_kept_token_serves_while_the_broker_is_down(hold: Callable[..., Connection], broker: Broker) -> None:
    connection = hold(access_token="held-token", expires_in=3600)
    credentials.fresh_token(connection)
    connection.expires_at = timezone.now() + timedelta(seconds=30)
    connection.save(update_fields=["expires_at"])
    broker.outage = 503
    assert credentials.fresh_token(connection).access_token == "held-token"


def test_a_broker_that_is_gone_or_silent_is_upstream_trouble(
    hold: Callable[..., Connection], broker: Broker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = hold(access_token="held-token")
    monkeypatch.setattr(holding, "Composio", functools.partial(Composio, 0.2))
    broker.delay = 3.0
    with pytest.raises(ProviderError, match="in time"):
        credentials.fresh_token(connection)
    settings.COMPOSIO_BASE_URL = "http://127.0.0.1:1"
    with pytest.raises(ProviderError, match="could not be reached"):
        credentials.fresh_token(connection)


def test_an_app_sees_where_to_execute_actions(
    hold: Callable[..., Connection], tool: vendo.Vendo, app_key: str, settings: Any
) -> None:
    assert tool.connections.get("googledrive").profile == "composio_managed"
    hold(access_token="held-token")
    entry = tool.connections.get("googledrive")
    assert (entry.status, entry.profile, entry.credential) == ("connected", "composio_managed", None)
    assert (entry.api_key, entry.base_url) == (app_key, f"{settings.BASE_URL}/proxy/composio")


def test_the_catalogue_says_which_way_is_offered(client: Client, broker: Broker) -> None:
    entry = client.get("/api/integrations/googledrive", headers={"host": "localhost:8000"}).json()
    assert entry["default_profile"] == "composio_managed"
    assert entry["supported_profiles"] == ["user_oauth", "composio_managed"]


def test_nothing_secret_is_logged(
    hold: Callable[..., Connection], tool: vendo.Vendo, app_key: str, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("composio_client", "httpx", "httpcore"):
        logging.getLogger(logger).setLevel(logging.WARNING)  # as in the settings
    hold(access_token="held-token", refresh_token="held-refresh", expires_in=3600)
    tool.token("googledrive")
    tool.data.execute("GOOGLEDRIVE_COUNT", {"text": "told-to-nobody"})
    broker.outage = 500
    refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {"text": "told-to-nobody"}))
    for secret in ("held-token", "held-refresh", KEY, "told-to-nobody", app_key):
        assert secret not in caplog.text
