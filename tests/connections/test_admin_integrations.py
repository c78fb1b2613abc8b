"""Operators set providers up: secrets go in and never out, what is missing is told, and a provider can be tried."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from connections import vault
from connections.models import ConnectAttempt, Connection, Integration
from tenants.models import Membership, Tenant, User
from tests.connections.dance import connect, played
from tests.played import CLIENT
from tests.simulator import running

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/integration/"
PLAIN = {"enabled": "on", "client_id": "our-client", "sign_in": "own", "endpoint_overrides": "{}"}


def page(slug: str) -> str:
    return f"{LIST}{slug}/change/"


def enter(operator: Client, slug: str = "notion", **fields: str) -> Any:
    return operator.post(page(slug), PLAIN | fields, follow=True)


def row(slug: str = "notion") -> Integration:
    return Integration.objects.get(slug=slug)


def secret(slug: str = "notion") -> str | None:
    return vault.reveal(row(slug), "client_secret")


def test_a_client_secret_goes_in_is_replaced_and_removed_and_never_comes_out(operator: Client) -> None:
    assert "Remove the present" not in operator.get(page("notion")).text
    for text in ("first-secret", "second-secret"):
        answer = enter(operator, new_client_secret=f" {text} ")
        assert secret() == text and text not in answer.text
    enter(operator, client_id="renamed")
    assert (row().client_id, secret()) == ("renamed", "second-secret")
    shown = operator.get(page("notion")).text
    assert "second-secret" not in shown and "Remove the present" in shown
    enter(operator, remove_client_secret="on")
    assert secret() is None


def test_a_secret_is_not_replaced_and_removed_at_once(operator: Client, notion: Integration) -> None:
    answer = enter(operator, new_client_secret="typed-secret", remove_client_secret="on")
    assert "not both" in answer.text and "typed-secret" not in answer.text
    assert secret() == "test-client-secret"


def test_the_log_says_that_a_secret_was_changed_and_not_to_what(operator: Client) -> None:
    enter(operator, new_client_secret="typed-secret")
    words = LogEntry.objects.get().get_change_message()
    assert "Client secret" in words and "typed-secret" not in words


@pytest.mark.parametrize(
    "overrides",
    [
        "{",
        "[1]",
        '{"other": "https://x"}',
        '{"token_url": 5}',
        '{"token_url": "https://["}',
        '{"token_url": "http://provider.example"}',
        '{"token_url": "http://localhost.evil.example/"}',
        '{"token_url": "http://localhost:x@evil.example/"}',
        '{"token_url": "http://127.0.0.1@evil.example/"}',
        '{"token_url": "https://{host"}',
    ],
)
def test_addresses_that_would_give_the_secret_away_are_refused(operator: Client, overrides: str) -> None:
    answer = enter(operator, new_client_secret="typed-secret", endpoint_overrides=overrides)
    assert "Please correct the error" in answer.text
    assert "typed-secret" not in answer.text
    assert secret() is None


def test_addresses_on_this_machine_are_taken(operator: Client) -> None:
    enter(operator, endpoint_overrides='{"api_url": "http://127.0.0.1:8500/notion"}')
    assert row().endpoint_overrides == {"api_url": "http://127.0.0.1:8500/notion"}


def test_the_page_takes_an_operator_to_where_a_client_is_registered(operator: Client) -> None:
    oauth = row().provider.oauth
    assert oauth
    text = operator.get(page("notion")).text
    assert f'href="{oauth.register_url}"' in text
    assert '<code id="redirect-uri">http://localhost:8000/api/oauth/notion/callback</code>' in text


def test_what_is_missing_is_told_until_nothing_is(operator: Client) -> None:
    assert "client id, client secret" in operator.get(page("notion")).text
    assert "Missing: client secret." in enter(operator).text
    assert "Missing" not in enter(operator, new_client_secret="s").text.partition('class="messagelist"')[2][:400]


def test_a_secret_that_no_key_opens_is_to_be_entered_again(operator: Client, notion: Integration) -> None:
    Integration.objects.filter(pk="notion").update(client_secret="v1.gone.AAAA")
    assert "do not open the present one" in operator.get(page("notion")).text


def test_people_are_sent_to_composio_with_an_auth_config_alone(operator: Client, settings: Any) -> None:
    assert "Without its id nobody can sign in" in enter(operator, sign_in="composio").text
    assert row().sign_in == "own"
    answer = enter(operator, sign_in="composio", composio_auth_config="ac_1")
    assert (row().sign_in, row().composio_auth_config) == ("composio", "ac_1")
    assert "Missing: COMPOSIO_API_KEY in the environment." in answer.text
    settings.COMPOSIO_API_KEY = "ak_1"
    assert "Missing:" not in enter(operator, sign_in="composio", composio_auth_config="ac_1").text


def test_a_provider_shows_what_it_has_and_nothing_else(operator: Client) -> None:
    text = operator.get(page("openai")).text
    assert "client_id" not in text and "composio" not in text
    assert "a pasted key" in operator.get(LIST).text


def test_a_row_whose_file_is_gone_spoils_no_page(operator: Client) -> None:
    Integration.objects.create(slug="gone", enabled=False)
    assert "not in the catalogue" in operator.get(LIST).text
    assert operator.get(page("gone")).status_code == 200
    assert operator.get("/admin/connections/connection/").status_code == 200
    assert operator.get(f"{LIST}gone/try/").status_code == 404


# --- trying one -------------------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(operator: Client) -> Tenant:
    """The operator's own."""
    own = Tenant.objects.create(name="Ops", slug="ops")
    Membership.objects.create(tenant=own, user=User.objects.get(), role=Membership.Role.OWNER)
    return own


def tried(operator: Client, slug: str = "notion") -> str:
    return operator.get(f"{LIST}{slug}/try/").text


def test_an_operator_connects_and_reads_how_it_went(operator: Client, workspace: Tenant) -> None:
    with running(played("notion")) as provider:
        provider.play()
        enter(
            operator,
            client_id=CLIENT[0],
            new_client_secret=CLIENT[1],
            endpoint_overrides=json.dumps(row().endpoint_overrides),
        )
        back = "return_to=%2Fadmin%2Fconnections%2Fintegration%2Fnotion%2Ftry%2F"
        assert f'href="/connections/connect/notion?{back}"' in tried(operator)
        connect(operator, provider)
    made, text = Connection.everyone.get(), tried(operator)
    assert made.tenant == workspace
    assert f"/admin/connections/connection/{made.pk}/change/" in text
    assert "<td>connected</td>" in text


def test_a_try_that_failed_says_why(operator: Client, workspace: Tenant, notion: Integration) -> None:
    operator.get("/api/oauth/notion/authorize")
    ConnectAttempt.everyone.update(outcome="oauth_exchange_failed", detail="Notion did not take our client's secret.")
    assert "Notion did not take our client&#x27;s secret." in tried(operator)


def test_nobody_elses_tries_are_shown(operator: Client, workspace: Tenant, owner: User, notion: Integration) -> None:
    ConnectAttempt.everyone.create(
        tenant=workspace,
        user=owner,
        integration=notion,
        state_hash="x",
        expires_at="2030-01-01T00:00Z",
        detail="Theirs",
    )
    assert "Theirs" not in tried(operator)


def test_what_keeps_an_operator_from_trying_is_told(operator: Client) -> None:
    assert "Missing: client id, client secret." in tried(operator)
    assert "there is none yet" in tried(operator, "openai")
    Integration.objects.update(enabled=False)
    assert "is switched off" in tried(operator)
    assert "data-connect-popup" not in tried(operator)


def test_trying_takes_the_permission_to_change(client_for: Any) -> None:
    looker = User.objects.create_user("looker@vendo.example", "correct horse battery", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_integration"))
    client = client_for(looker)
    assert "Try it" not in client.get(page("notion")).text
    assert client.get(f"{LIST}notion/try/").status_code == 403
