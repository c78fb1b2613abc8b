"""Signing in by way of Composio, through its own client and over HTTP; and everything that must not get through."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from connections import brokered_connect, connect
from connections.composio import Composio
from connections.errors import NeedsReauth, ProviderError
from connections.models import ConnectAttempt, Connection, Integration
from tenants.models import Tenant, User
from tests.composio import KEY, Broker, brokered

pytestmark = [pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Client]
ABOUT = "https://www.googleapis.com/drive/v3/about"
ADA = {"user": {"permissionId": "p1", "emailAddress": "ada@example.com"}}


@pytest.fixture
def broker(googledrive: Integration, settings: Any) -> Iterator[Broker]:
    """Google Drive is signed in to by way of it."""
    with brokered(settings) as running:
        running.play("googledrive")
        running.api = {ABOUT: ADA}
        yield running


def _leave(client: Client, **query: str) -> str:
    """Follow the authorize URL; returns the account that will come of it."""
    answer = client.get("/api/oauth/googledrive/authorize", query)
    assert answer.status_code == 302, answer.content
    assert urlsplit(answer.headers["Location"]).hostname == "connect.composio.dev"
    return answer.headers["Location"].rpartition("/lk_")[2]


def _return(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "http://localhost:8000/api/oauth/googledrive/callback"
    return client.get(f"{parts.path}?{parts.query}")


def _connect(client: Client, broker: Broker, **query: str) -> Any:
    return _return(client, broker.consent(_leave(client, **query), scope="drive.readonly"))


def _posted(answer: Any) -> list[dict[str, str]]:
    found = re.search(r'<script id="connect-result" type="application/json">(.*?)</script>', answer.text)
    assert found, answer.text
    messages: list[dict[str, str]] = json.loads(found.group(1))["messages"]
    return messages


def _refused(answer: Any, code: str, broker: Broker) -> str:
    """The opener hears the code, and nothing is left, here or there; returns the sentence."""
    messages = _posted(answer)
    assert [(m["type"], m["code"]) for m in messages] == [("vendo:oauth:error", code)]
    assert "Try again" in answer.text
    assert not Connection.everyone.exists()
    assert not broker.accounts
    return messages[0]["detail"]


def test_an_account_is_connected_and_its_token_stays_there(
    client_for: SignIn, owner: User, tenant: Tenant, broker: Broker
) -> None:
    answer = _connect(client_for(owner), broker, state="opener-state")
    connection = Connection.everyone.get()
    assert [m["type"] for m in _posted(answer)] == ["vendo:connection-completed", "vendo:oauth:done"]
    assert (connection.profile, connection.status) == ("composio_managed", "active")
    assert (connection.account_id, connection.display_name) == ("p1", "ada@example.com")
    assert (connection.credential, connection.refresh_token, connection.expires_at) == (None, None, None)
    assert connection.granted_scopes == ["drive.readonly"]
    (link,) = broker.asked_of("POST", "/link")
    assert (link.body["user_id"], link.body["auth_config_id"]) == (str(tenant.pk), "ac_googledrive")
    assert connection.broker_account in broker.accounts
    assert ConnectAttempt.everyone.get().outcome == "connected"


def test_nobody_but_composio_sees_the_token_while_it_is_connected(
    client_for: SignIn, owner: User, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("composio_client", "httpx", "httpcore"):
        logging.getLogger(logger).setLevel(logging.WARNING)  # as in the settings
    client = client_for(owner)
    address = broker.consent(_leave(client), access_token="held-token", refresh_token="held-refresh")
    answer = _return(client, address)
    connection = Connection.everyone.get()
    state = parse_qs(urlsplit(address).query)["state"][0]
    kept = json.dumps(connection.metadata) + str(connection.__dict__)
    for secret in ("held-token", "held-refresh", KEY, state):
        assert secret not in caplog.text
        assert secret not in answer.text
        assert secret not in kept


def test_whoever_begins_too_many_sign_ins_waits_and_other_workspaces_do_not(
    client_for: SignIn, owner: User, stranger: User, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokered_connect, "MOST_BEGUN", 1)
    _leave(client_for(owner))
    answer = client_for(owner).get("/api/oauth/googledrive/authorize")
    assert [(m["code"], m["detail"][:9]) for m in _posted(answer)] == [("oauth_exchange_failed", "Too many ")]
    assert len(broker.asked_of("POST", "/link")) == 1
    _leave(client_for(stranger))


def test_a_masked_account_can_be_connected_too(client_for: SignIn, owner: User, broker: Broker) -> None:
    broker.masked = True
    _connect(client_for(owner), broker)
    assert Connection.everyone.get().display_name == "ada@example.com"


def test_a_provider_hears_what_it_wants_to_hear_from_the_broker_too(
    client_for: SignIn, owner: User, notion: Integration, broker: Broker
) -> None:
    broker.play("notion")
    me = {"object": "user", "id": "bot-1", "type": "bot", "bot": {"workspace_name": "Ada's workspace"}}
    broker.api = {"https://api.notion.com/v1/users/me": me}
    client = client_for(owner)
    link = client.get("/api/oauth/notion/authorize").headers["Location"]
    parts = urlsplit(broker.consent(link.rpartition("/lk_")[2]))
    client.get(f"{parts.path}?{parts.query}")
    assert Connection.everyone.get().display_name == "Ada's workspace"
    (asked,) = broker.asked_of("POST", "/proxy")
    assert {"name": "Notion-Version", "value": "2022-06-28", "type": "header"} in asked.body["parameters"]


def test_its_page_and_the_list_show_it_like_any_other(client_for: SignIn, owner: User, broker: Broker) -> None:
    client = client_for(owner)
    _connect(client, broker)
    connection = Connection.everyone.get()
    for page in ("/connections", f"/connections/{connection.pk}"):
        answer = client.get(page)
        assert answer.status_code == 200 and "ada@example.com" in answer.text


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "access_denied"), ("This connection was started elsewhere", "oauth_exchange_failed")],
)
def test_a_sign_in_that_was_not_finished(
    error: str, code: str, client_for: SignIn, owner: User, broker: Broker
) -> None:
    client = client_for(owner)
    _refused(_return(client, broker.decline(_leave(client), error)), code, broker)


def test_a_page_that_says_success_does_not_make_an_account(client_for: SignIn, owner: User, broker: Broker) -> None:
    """Whoever knows the address can go there; what Composio itself says counts."""
    client = client_for(owner)
    account = _leave(client)
    address = f"{broker.accounts[account].callback_url}&status=success&connected_account_id={account}"
    detail = _refused(_return(client, address), "oauth_exchange_failed", broker)
    assert "Composio" in detail


def test_another_persons_account_is_not_taken(
    client_for: SignIn, owner: User, other_tenant: Tenant, broker: Broker
) -> None:
    theirs = broker.hold(other_tenant.pk, "googledrive", access_token="theirs")
    client = client_for(owner)
    account = _leave(client)
    address = broker.consent(account).replace(account, theirs.id)
    messages = _posted(_return(client, address))
    assert messages[0]["code"] == "oauth_state_invalid"
    assert not Connection.everyone.exists()
    assert list(broker.accounts) == [theirs.id]


def test_a_state_works_once_and_a_reload_harms_nothing(client_for: SignIn, owner: User, broker: Broker) -> None:
    client = client_for(owner)
    address = broker.consent(_leave(client))
    _return(client, address)
    again = _return(client, address)
    assert _posted(again)[0]["code"] == "oauth_state_invalid"
    assert Connection.everyone.get().broker_account in broker.accounts


@pytest.mark.parametrize("who", ["stranger", "nobody", "same person elsewhere"])
def test_a_page_that_was_passed_on_connects_nothing_for_anybody(
    who: str, client_for: SignIn, owner: User, stranger: User, broker: Broker
) -> None:
    """Somebody else signed in there: their account must not come to whoever passed the page on."""
    client = client_for(owner)
    address = broker.consent(_leave(client))
    elsewhere = {
        "stranger": client_for(stranger),
        "nobody": Client(headers={"host": "localhost:8000"}),
        "same person elsewhere": client_for(owner),
    }[who]
    _refused(_return(elsewhere, address), "oauth_state_invalid", broker)
    _refused(_return(client, address), "oauth_state_invalid", broker)


def test_whose_account_it_is_must_be_known(client_for: SignIn, owner: User, broker: Broker) -> None:
    broker.api = {}
    _refused(_connect(client_for(owner), broker), "context_discovery_failed", broker)


def test_an_auth_config_of_another_toolkit_is_said_so(client_for: SignIn, owner: User, broker: Broker) -> None:
    broker.toolkits["ac_googledrive"] = "gmail"
    detail = _refused(_connect(client_for(owner), broker), "oauth_exchange_failed", broker)
    assert "gmail" in detail and "admin" in detail


@pytest.mark.parametrize(("outage", "words"), [(500, "having trouble"), (429, "wait"), (401, "key"), (404, "Not now")])
def test_a_broker_in_trouble_before_it_begins(
    outage: int, words: str, client_for: SignIn, owner: User, broker: Broker
) -> None:
    broker.outage = outage
    answer = client_for(owner).get("/api/oauth/googledrive/authorize", {"state": "opener-state"})
    messages = _posted(answer)
    assert (messages[0]["code"], messages[0]["state"]) == ("oauth_exchange_failed", "opener-state")
    assert words in messages[0]["detail"]
    assert KEY not in answer.text
    attempt = ConnectAttempt.everyone.get()
    assert (attempt.outcome, attempt.used_at is None) == ("oauth_exchange_failed", False)


def test_the_same_account_again_replaces_the_one_that_is_held(client_for: SignIn, owner: User, broker: Broker) -> None:
    client = client_for(owner)
    _connect(client, broker)
    first = Connection.everyone.get()
    _connect(client, broker, connection=str(first.pk))
    now = Connection.everyone.get()
    assert now.pk == first.pk and now.broker_account != first.broker_account
    assert list(broker.accounts) == [now.broker_account]
    (asked,) = broker.asked_of("DELETE", first.broker_account)
    assert asked.query == {"revoke_on_delete": ["false"]}  # true may end the new one too


def test_disconnecting_deletes_the_account_there(client_for: SignIn, owner: User, broker: Broker) -> None:
    _connect(client_for(owner), broker)
    connection = Connection.everyone.get()
    connect.disconnect(connection)
    assert connection.status == "revoked" and not broker.accounts
    (asked,) = broker.asked_of("DELETE", connection.broker_account)
    assert asked.query == {"revoke_on_delete": ["true"]}


def test_a_broker_that_cannot_be_told_does_not_stop_a_disconnect(
    client_for: SignIn, owner: User, broker: Broker
) -> None:
    _connect(client_for(owner), broker)
    broker.outage = 503
    connection = Connection.everyone.get()
    connect.disconnect(connection)
    assert connection.status == "revoked"


def test_testing_asks_the_provider_through_the_broker(client_for: SignIn, owner: User, broker: Broker) -> None:
    _connect(client_for(owner), broker)
    connection = Connection.everyone.get()
    connect.test(connection)
    broker.api_status = 401
    with pytest.raises(NeedsReauth):
        connect.test(connection)
    assert connection.status == "needs_reauth"
    broker.api_status = 200
    connect.test(connection)
    assert (connection.status, connection.error_message) == ("active", "")


@pytest.mark.parametrize("change", [{"status": "EXPIRED"}, {"status": "REVOKED"}, {"disabled": True}])
def test_testing_sees_an_account_that_has_ended(
    change: dict[str, Any], client_for: SignIn, owner: User, broker: Broker
) -> None:
    _connect(client_for(owner), broker)
    connection = Connection.everyone.get()
    for name, value in (change | {"reason": "Permanent auth error during token refresh"}).items():
        setattr(broker.accounts[connection.broker_account], name, value)
    with pytest.raises(NeedsReauth, match="Permanent auth error"):
        connect.test(connection)
    assert connection.status == "needs_reauth"


def test_testing_while_the_broker_is_down_condemns_nothing(client_for: SignIn, owner: User, broker: Broker) -> None:
    _connect(client_for(owner), broker)
    broker.outage = 503
    connection = Connection.everyone.get()
    with pytest.raises(ProviderError):
        connect.test(connection)
    assert connection.status == "active"


def test_a_silent_broker_is_not_waited_for_beyond_the_deadline(broker: Broker) -> None:
    broker.delay = 5
    with pytest.raises(ProviderError, match="in time"), Composio(seconds=0.2) as composio:
        composio.account("ca_1")


def test_where_both_are_possible_the_admin_decides(
    client_for: SignIn, owner: User, googledrive: Integration, broker: Broker
) -> None:
    client = client_for(owner)
    page = client.get("/connections/connect/googledrive")
    assert "by way of Composio" in page.text
    Integration.objects.filter(slug="googledrive").update(sign_in=Integration.SignIn.OWN)
    assert "Composio" not in client.get("/connections/connect/googledrive").text
    assert "accounts.google.com" in client.get("/api/oauth/googledrive/authorize").headers["Location"]


@pytest.mark.parametrize("missing", ["key", "auth config"])
def test_what_the_operator_has_not_entered_yet(
    missing: str, client_for: SignIn, owner: User, broker: Broker, settings: Any
) -> None:
    if missing == "key":
        settings.COMPOSIO_API_KEY = ""
    else:
        Integration.objects.filter(slug="googledrive").update(composio_auth_config="")
    client = client_for(owner)
    assert "is not set up yet" in client.get("/connections/connect/googledrive").text
    answer = client.get("/api/oauth/googledrive/authorize", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (500, {"error": "oauth_client_config_missing"})
