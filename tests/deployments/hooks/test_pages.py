"""The log of webhooks on a deployment's and a connection's page, redelivery, and the secret that is pasted there."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from connections import variables, vault
from connections.models import Connection, Integration
from deployments import deliveries, tasks
from deployments.deliveries import Message
from deployments.models import Activity, Deployment
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of what workers are to forward."""
    ids: list[str] = []
    monkeypatch.setattr(tasks, "redeliver", SimpleNamespace(enqueue=ids.append))
    return ids


def came(deployment: Deployment | None, connection: Connection, **fields: object) -> WebhookDelivery:
    fields = {"status": "failed", "answered": 500, "detail": "The tool answered 500.", "event_id": "evt_1"} | fields
    row = WebhookDelivery(
        tenant=connection.tenant, connection=connection, deployment=deployment, size=2048, attempts=1, **fields
    )
    vault.seal(row, "message", Message(headers=(), body=b"the body itself").text())
    row.save()
    return row


def on(deployment: Deployment) -> str:
    return f"/deployments/{deployment.pk}/webhooks"


def of(connection: Connection) -> str:
    return f"/connections/{connection.pk}/webhooks"


def again(row: WebhookDelivery) -> str:
    return f"{of(row.connection)}/{row.pk}/redeliver"


def test_both_pages_say_what_came(browser: Client, deployment: Deployment, connection: Connection) -> None:
    came(deployment, connection)
    for address in (on(deployment), of(connection)):
        page = browser.get(address).text
        assert all(text in page for text in ("evt_1", "Failed", "The tool answered 500.", "2.0\xa0KB"))
        assert "the body itself" not in page
    assert "POST /webhooks/signing" in browser.get(on(deployment)).text


def test_before_anything_came_they_say_so(browser: Client, deployment: Deployment, connection: Connection) -> None:
    assert all("Nothing received yet" in browser.get(address).text for address in (on(deployment), of(connection)))


def test_the_tab_is_there_for_tools_that_are_sent_something(
    browser: Client, deployment: Deployment, make_deployment: Callable[..., Deployment]
) -> None:
    other = make_deployment(deployment.tenant, "notion", slug="other")
    assert f'href="{on(deployment)}"' in browser.get(f"/deployments/{deployment.pk}").text
    assert "/webhooks" not in browser.get(f"/deployments/{other.pk}").text


def test_the_connections_page_leads_there(
    browser: Client, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    assert f'href="{of(connection)}"' in browser.get(f"/connections/{connection.pk}").text
    other = make_connection(connection.tenant, "notion")
    assert of(other) not in browser.get(f"/connections/{other.pk}").text
    assert browser.get(of(other)).status_code == 404


def test_the_address_is_there_to_copy(browser: Client, connection: Connection) -> None:
    page = browser.get(of(connection)).text
    assert f"http://localhost:8000/hooks/{connection.external_id}" in page
    assert "No deployment uses this account yet." in page


def test_a_disconnected_one_has_none(browser: Client, connection: Connection) -> None:
    Connection.everyone.update(status=Connection.Status.REVOKED)
    page = browser.get(of(connection)).text
    assert f"/hooks/{connection.external_id}" not in page
    assert "Nothing is accepted any more." in page
    assert "Nothing received yet" not in page
    assert "once more" not in page


def test_many_come_in_pages(browser: Client, deployment: Deployment, connection: Connection) -> None:
    now = timezone.now()
    for number in range(51):
        came(deployment, connection, event_id=f"evt_{number}.", received_at=now - timedelta(minutes=number))
    for address in (on(deployment), of(connection)):
        first, second = (browser.get(f"{address}?page={page}").text for page in (1, 2))
        assert ("evt_0." in first, "evt_50." in first) == (True, False)
        assert ("evt_0." in second, "evt_50." in second) == (False, True)


def test_a_deployment_shows_its_own_alone(
    browser: Client, deployment: Deployment, connection: Connection, make_deployment: Callable[..., Deployment]
) -> None:
    came(deployment, connection)
    came(None, connection, event_id="evt_unbound", status="waiting")
    other = make_deployment(deployment.tenant, "signing", slug="other")
    assert "evt_1" not in browser.get(on(other)).text
    assert "evt_unbound" not in browser.get(on(deployment)).text
    assert "evt_unbound" in browser.get(of(connection)).text


# --- once more --------------------------------------------------------------------------------------------------------


def test_it_is_sent_once_more(
    browser: Client, deployment: Deployment, connection: Connection, queued: list[str], member: User
) -> None:
    row = came(deployment, connection)
    assert again(row) in browser.get(on(deployment)).text
    answer = browser.post(again(row), {"deployment": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (302, on(deployment))
    assert queued == [str(row.pk)]
    noted = Activity.everyone.get(deployment=deployment, action="sent a webhook once more")
    assert (noted.actor, noted.detail) == (member, "Acme shop evt_1")
    page = browser.get(on(deployment)).text
    assert "On its way" in page
    assert again(row) not in page
    assert "every 2s" in page


def test_htmx_is_told_in_its_own_way(browser: Client, deployment: Deployment, connection: Connection) -> None:
    row = came(deployment, connection)
    answer = browser.post(again(row), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "webhooks-changed")
    answer = browser.post(again(row), headers=HTMX)
    assert (answer.status_code, answer.json()["message"]) == (409, deliveries.UNDER_WAY)


def test_what_can_not_be_is_said(
    browser: Client, connection: Connection, queued: list[str], deployment: Deployment
) -> None:
    row = came(deployment, connection)
    Deployment.everyone.update(status="suspended")
    page = browser.post(again(row), follow=True)
    assert page.request["PATH_INFO"] == of(connection)
    assert "is not running. Start it first." in page.text
    assert queued == []


def test_what_is_no_longer_kept_has_no_button(browser: Client, deployment: Deployment, connection: Connection) -> None:
    row = came(deployment, connection)
    WebhookDelivery.everyone.update(message=None)
    assert again(row) not in browser.get(on(deployment)).text


def test_a_viewer_looks_and_does_not_touch(
    client_for: SignIn, viewer: User, deployment: Deployment, connection: Connection, queued: list[str]
) -> None:
    row, browser = came(deployment, connection), client_for(viewer)
    for address in (on(deployment), of(connection)):
        page = browser.get(address).text
        assert "evt_1" in page
        assert again(row) not in page
    assert 'name="signing_secret"' not in browser.get(of(connection)).text
    assert browser.post(again(row)).status_code == 403
    assert browser.post(f"{of(connection)}/secret", {"signing_secret": "x"}).status_code == 403
    assert queued == []


def test_a_button_needs_its_token(
    owner: User, deployment: Deployment, connection: Connection, queued: list[str]
) -> None:
    row, browser = came(deployment, connection), Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
    browser.force_login(owner)
    assert browser.post(again(row)).status_code == 403
    assert queued == []


# --- the secret -------------------------------------------------------------------------------------------------------


def test_a_secret_is_stored_and_not_shown(browser: Client, connection: Connection) -> None:
    Connection.everyone.update(further_secrets=None)
    assert "Nothing is accepted yet" in browser.get(of(connection)).text
    page = browser.post(f"{of(connection)}/secret", {"signing_secret": " whsec_pasted\n"}, follow=True)
    assert "whsec_pasted" not in page.text
    assert "Nothing is accepted yet" not in page.text
    assert "It is stored, and not shown again." in page.text
    connection.refresh_from_db()
    assert variables.further_secrets(connection) == {"webhook_secret": "whsec_pasted"}


@pytest.mark.parametrize("text", ["", "two words", "x" * 1001])
def test_what_is_no_secret_is_said_where_it_stands(browser: Client, connection: Connection, text: str) -> None:
    page = browser.post(f"{of(connection)}/secret", {"signing_secret": text})
    assert page.status_code == 422
    assert "field__error" in page.text or "error" in page.text
    assert text == "" or text not in page.text


def test_a_secret_that_is_made_here_is_not_pasted(
    browser: Client, tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    bot = make_connection(tenant, "telegram")
    assert 'name="signing_secret"' not in browser.get(of(bot)).text
    browser.post(f"{of(bot)}/secret", {"signing_secret": "mine"})
    bot.refresh_from_db()
    assert bot.further_secrets is None


def test_secrets_that_do_not_open_can_be_replaced(
    browser: Client, connection: Connection, signing: Integration
) -> None:
    Connection.everyone.update(further_secrets="v1.gone.AAAA")
    assert "Nothing is accepted yet" in browser.get(of(connection)).text
    browser.post(f"{of(connection)}/secret", {"signing_secret": "whsec_new"})
    connection.refresh_from_db()
    assert variables.further_secrets(connection) == {"webhook_secret": "whsec_new"}
