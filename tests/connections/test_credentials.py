"""Fresh tokens: when they are renewed, by whom, and what happens when they can't be."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from connections import credentials, oauth, signals, vault
from connections.credentials import fresh_token, renew
from connections.errors import NeedsReauth, ProfileUnsupported, ProviderError, ProviderRateLimited, Revoked
from connections.models import Connection
from tenants.models import Tenant
from tests.simulator import Simulator

REFUSED = {"error": "invalid_grant"}


@pytest.fixture
def drive(tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]) -> Connection:
    """A Google Drive connection whose token has ten seconds left of its hour."""
    now = timezone.now()
    return make_connection(
        tenant,
        "googledrive",
        token="old",
        refresh_token="refresh-0",
        expires_at=now + timedelta(seconds=10),
        refreshed_at=now - timedelta(minutes=59),
    )


@pytest.fixture
def told(db: None) -> Iterator[list[str]]:
    """The statuses that `status_changed` announced."""
    statuses: list[str] = []

    def listen(connection: Connection, **kwargs: Any) -> None:
        statuses.append(connection.status)

    signals.status_changed.connect(listen)
    yield statuses
    signals.status_changed.disconnect(listen)


def _expire(connection: Connection) -> None:
    connection.expires_at = timezone.now() - timedelta(seconds=1)
    connection.save(update_fields=["expires_at"])


def test_a_token_that_does_not_expire_is_handed_out(tenant: Tenant, make_connection: Callable[..., Connection]) -> None:
    token = fresh_token(make_connection(tenant, "notion", token="forever"))
    assert (token.access_token, token.expires_at) == ("forever", None)
    assert "forever" not in repr(token)


def test_a_token_with_a_minute_to_live_is_handed_out(drive: Connection, provider: Simulator) -> None:
    drive.expires_at = timezone.now() + timedelta(seconds=65)
    assert fresh_token(drive).access_token == "old"
    assert provider.asked == []


def test_a_token_about_to_expire_is_renewed_and_kept(drive: Connection, provider: Simulator) -> None:
    token = fresh_token(drive)
    kept = Connection.everyone.get(pk=drive.pk)
    assert (token.access_token, vault.reveal(kept, "credential")) == ("access-1", "access-1")
    assert vault.reveal(kept, "refresh_token") == "refresh-1"
    assert kept.expires_at == token.expires_at
    assert kept.expires_at and kept.expires_at > timezone.now() + timedelta(minutes=59)
    assert provider.asked_of("/token")[0].body["refresh_token"] == "refresh-0"


def test_a_provider_that_does_not_rotate_keeps_its_refresh_token(drive: Connection, provider: Simulator) -> None:
    provider.tokens = [{"access_token": "access-2", "expires_in": 3600}]
    fresh_token(drive)
    assert vault.reveal(Connection.everyone.get(pk=drive.pk), "refresh_token") == "refresh-0"


def test_what_a_renewed_token_may_do_is_noted(drive: Connection, provider: Simulator) -> None:
    provider.tokens = [{"access_token": "access-2", "expires_in": 3600, "scope": "one two"}]
    fresh_token(drive)
    assert Connection.everyone.get(pk=drive.pk).granted_scopes == ["one", "two"]


def test_tokens_shorter_than_the_margin_are_not_renewed_at_every_request(
    drive: Connection, provider: Simulator
) -> None:
    provider.tokens = [{"access_token": "short", "expires_in": 40}]
    for _ in range(3):
        assert fresh_token(Connection.everyone.get(pk=drive.pk)).access_token == "short"
    assert len(provider.asked_of("/token")) == 1


def test_a_refused_refresh_needs_the_person_and_says_so_once(
    drive: Connection, provider: Simulator, told: list[str]
) -> None:
    provider.tokens, provider.token_status = [REFUSED], 400
    for _ in range(2):
        with pytest.raises(NeedsReauth, match="Reconnect"):
            fresh_token(Connection.everyone.get(pk=drive.pk))
    assert told == ["needs_reauth"]
    assert len(provider.asked_of("/token")) == 1


def test_an_expired_token_without_a_refresh_token_needs_the_person(drive: Connection, told: list[str]) -> None:
    vault.seal(drive, "refresh_token", None)
    drive.save(update_fields=["refresh_token"])
    _expire(drive)
    with pytest.raises(NeedsReauth):
        fresh_token(drive)
    assert told == ["needs_reauth"]


@pytest.mark.parametrize("status", [500, 503, 429, 400])
def test_a_provider_in_trouble_does_not_condemn_the_connection(
    status: int, drive: Connection, provider: Simulator, told: list[str]
) -> None:
    provider.tokens, provider.token_status = [{"error": "server_error"}], status
    assert fresh_token(drive).access_token == "old"
    _expire(drive)
    with pytest.raises(ProviderError):
        fresh_token(drive)
    assert (Connection.everyone.get(pk=drive.pk).status, told) == ("active", [])


def test_how_long_a_provider_wants_us_to_wait_is_passed_on(drive: Connection, provider: Simulator) -> None:
    provider.token_status, provider.token_headers = 429, {"Retry-After": "17"}
    _expire(drive)
    with pytest.raises(ProviderRateLimited) as caught:
        fresh_token(drive)
    assert caught.value.retry_after == 17


def test_a_provider_that_is_gone_is_upstream_trouble(drive: Connection, provider: Simulator) -> None:
    drive.integration.endpoint_overrides["token_url"] = "http://127.0.0.1:1/token"
    drive.integration.save()
    _expire(drive)
    with pytest.raises(ProviderError, match="could not be reached"):
        fresh_token(drive)


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 7}, {"access_token": ["x"]}])
def test_an_answer_without_a_token_is_not_stored(
    answer: dict[str, Any], drive: Connection, provider: Simulator
) -> None:
    provider.tokens = [answer]
    _expire(drive)
    with pytest.raises(ProviderError):
        fresh_token(drive)
    assert vault.reveal(Connection.everyone.get(pk=drive.pk), "credential") == "old"


def test_revoked_and_tokenless_connections_say_what_they_are(
    tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    with pytest.raises(Revoked):
        fresh_token(make_connection(tenant, "notion", status="revoked"))
    empty = make_connection(tenant, "notion")
    empty.credential = None
    with pytest.raises(ProfileUnsupported, match="oauth_app_install"):
        fresh_token(empty)


def test_a_disconnect_during_the_refresh_wins(
    drive: Connection, provider: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh = oauth.refresh

    def overtaken(*arguments: Any) -> Any:
        answer = refresh(*arguments)
        Connection.everyone.filter(pk=drive.pk).update(status="revoked", credential=None, refresh_token=None)
        return answer

    monkeypatch.setattr(oauth, "refresh", overtaken)
    _expire(drive)
    with pytest.raises(Revoked):
        fresh_token(drive)
    assert Connection.everyone.get(pk=drive.pk).credential is None


def test_a_reconnect_while_an_old_token_ends_is_not_condemned(
    drive: Connection, provider: Simulator, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    def overtaken(row: Connection) -> None:
        Connection.everyone.filter(pk=drive.pk).update(refresh_lease="", refresh_token=None)

    monkeypatch.setattr(credentials, "_renewal", overtaken)
    _expire(drive)
    with pytest.raises(NeedsReauth):
        fresh_token(drive)
    assert (Connection.everyone.get(pk=drive.pk).status, told) == ("active", [])


def test_a_dead_holder_of_the_lease_is_not_waited_for(drive: Connection) -> None:
    drive.refresh_lease, drive.refresh_lease_until = "dead", timezone.now() - timedelta(seconds=1)
    drive.save()
    assert fresh_token(drive).access_token == "access-1"


def _together(drive: Connection, number: int) -> list[str]:
    def ask(_: int) -> str:
        try:
            return fresh_token(Connection.everyone.select_related("integration").get(pk=drive.pk)).access_token
        except ProviderError as error:
            return error.code
        finally:
            database.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


@pytest.mark.django_db(transaction=True)
def test_many_at_once_refresh_once(drive: Connection, provider: Simulator) -> None:
    provider.delay = 0.3
    _expire(drive)
    assert set(_together(drive, 8)) == {"access-1"}
    assert len(provider.asked_of("/token")) == 1


@pytest.mark.django_db(transaction=True)
def test_those_who_wait_for_a_refresh_share_its_failure(drive: Connection, provider: Simulator) -> None:
    provider.delay, provider.token_status = 0.3, 503
    _expire(drive)
    assert set(_together(drive, 8)) == {"upstream_error"}
    assert len(provider.asked_of("/token")) <= 2


def test_a_rejected_token_is_renewed_before_its_time(drive: Connection, provider: Simulator) -> None:
    drive.expires_at = timezone.now() + timedelta(hours=1)
    drive.save()
    assert renew(drive, "old").access_token == "access-1"
    assert renew(Connection.everyone.get(pk=drive.pk), "old").access_token == "access-1"
    assert len(provider.asked_of("/token")) == 1


def test_a_rejected_token_that_nothing_renews_stays(tenant: Tenant, make_connection: Callable[..., Connection]) -> None:
    assert renew(make_connection(tenant, "notion", token="forever"), "forever").access_token == "forever"


def test_a_rejected_token_of_a_grant_that_ended_needs_the_person(
    drive: Connection, provider: Simulator, told: list[str]
) -> None:
    provider.tokens, provider.token_status = [REFUSED], 400
    with pytest.raises(NeedsReauth):
        renew(drive, "old")
    assert told == ["needs_reauth"]
