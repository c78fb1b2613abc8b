"""The admin begins with what waits for an operator."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from connections import refreshes, requests
from connections.models import ConnectAttempt, Connection, Integration, IntegrationRequest
from tenants.models import Tenant, User


@pytest.fixture
def trouble(tenant: Tenant, owner: User, make_connection: Callable[..., Connection]) -> None:
    """One of each."""
    Integration.objects.exclude(pk__in=["openai", "notion"]).update(enabled=False)
    refreshes.note(make_connection(tenant, "openai", status="needs_reauth"), "upstream_error")
    ConnectAttempt.everyone.create(
        tenant=tenant, user=owner, integration_id="openai", outcome="key_refused", expires_at="2030-01-01T00:00Z"
    )
    wanted = IntegrationRequest(name="Trello", auth_model="oauth", docs_url="https://trello.example/")
    requests.ask(wanted, tenant, owner)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("integrationrequest/?status__exact=open", "Requests for a provider without an answer"),
        ("connection/?status__in=error%2Cneeds_reauth", "Connections that do not work"),
        ("connectattempt/?outcome=failed", "Attempts to connect that failed in the last day"),
        ("refresh/", "Refreshes that failed in the last day"),
        ("integration/?enabled__exact=1", "Providers that nobody can connect yet"),
    ],
)
def test_what_waits_is_counted_and_a_click_away(operator: Client, trouble: None, address: str, words: str) -> None:
    assert f'<a href="/admin/connections/{address}">{words}</a>: 1<' in operator.get("/admin/").text
    assert operator.get(f"/admin/connections/{address}").status_code == 200


def test_when_nothing_waits_it_says_so(operator: Client) -> None:
    Integration.objects.update(enabled=False)
    text = operator.get("/admin/").text
    assert "Nothing waits for you." in text and "/admin/admin/logentry/" in text


def test_an_operator_is_told_of_what_they_may_see(client_for: Callable[[User], Client], trouble: None) -> None:
    looker = User.objects.create_user("looker@vendo.example", "correct horse battery", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_connection"))
    text = client_for(looker).get("/admin/").text
    assert "Connections that do not work" in text
    assert "Requests for" not in text and "Attempts to" not in text and "Audit log" not in text
