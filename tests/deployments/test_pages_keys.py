"""The page of one connection's keys."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from deployments import keys
from deployments.errors import ApiError
from deployments.models import ApiKey, App
from tenants.models import Tenant, User

type SignIn = Callable[[User], Client]
KEY = re.compile(r"vendo_sk_[A-Za-z0-9_-]{32}")


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


@pytest.fixture
def connection(tenant: Tenant, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(tenant, "notion", display_name="Our wiki")


@pytest.fixture
def page(connection: Connection) -> str:
    """Its address."""
    return f"/connections/{connection.pk}/keys"


def test_the_connections_page_leads_there(browser: Client, connection: Connection, page: str) -> None:
    assert f'href="{page}"' in browser.get(f"/connections/{connection.pk}").text
    text = browser.get(page).text
    assert "Keys for Our wiki" in text
    assert "/credentials/notion" in text
    assert "No keys yet" in text


def test_a_key_is_shown_in_that_answer_only(browser: Client, connection: Connection, page: str) -> None:
    answer = browser.post(f"{page}/new", {"name": "cron", "days": "7"})
    (secret,) = set(KEY.findall(answer.text))
    key = keys.authenticate(secret)
    assert (key.name, key.connection, key.app) == ("cron", connection, None)
    assert key.expires_at is not None
    assert key.expires_at <= timezone.now() + timedelta(days=7)
    assert "no-store" in answer.headers["Cache-Control"]
    assert not KEY.search(browser.get(page).text)


def test_with_htmx_only_the_keys_come_back(browser: Client, page: str) -> None:
    answer = browser.post(
        f"{page}/new", {"name": "cron"}, headers={"HX-Request": "true", "HX-Target": "connection-keys"}
    )
    assert answer.text.strip().startswith('<section id="connection-keys"')
    assert KEY.search(answer.text)


@pytest.mark.parametrize("sent", [{"name": ""}, {"name": "My cron", "days": "3"}])
def test_what_was_typed_stays(browser: Client, page: str, sent: dict[str, str]) -> None:
    answer = browser.post(f"{page}/new", sent)
    assert answer.status_code == 422
    assert not sent["name"] or f'value="{sent["name"]}"' in answer.text
    assert 'class="field__errors"' in answer.text
    assert not ApiKey.everyone.exists()


def test_revoking_asks_first_and_works_at_once(browser: Client, connection: Connection, page: str) -> None:
    key, text = keys.mint_for_connection(connection, "cron")
    assert f'data-dialog-open="revoke-{key.pk}"' in browser.get(page).text
    answer = browser.post(f"{page}/{key.pk}/revoke", follow=True)
    assert "is revoked" in answer.text
    with pytest.raises(ApiError):
        keys.authenticate(text)


def test_a_key_is_revoked_through_its_own_connection(
    browser: Client, project: App, app_key: str, connection: Connection, page: str
) -> None:
    assert browser.post(f"{page}/{ApiKey.everyone.get().pk}/revoke").status_code == 404
    assert keys.authenticate(app_key).app == project


def test_a_disconnected_one_gets_no_new_key(browser: Client, connection: Connection, page: str) -> None:
    key, _ = keys.mint_for_connection(connection, "cron")
    Connection.everyone.update(status=Connection.Status.REVOKED)
    text = browser.get(page).text
    assert "Create key" not in text
    assert f"revoke-{key.pk}" in text
    assert browser.post(f"{page}/new", {"name": "more"}).status_code == 404


def test_a_viewer_looks_and_a_stranger_finds_nothing(
    client_for: SignIn, viewer: User, stranger: User, connection: Connection, page: str
) -> None:
    key, _ = keys.mint_for_connection(connection, "cron")
    text = client_for(viewer).get(page).text
    assert key.prefix in text
    assert "Create key" not in text
    assert "Revoke" not in text
    for path in (f"{page}/new", f"{page}/{key.pk}/revoke"):
        assert client_for(viewer).post(path, {"name": "x"}).status_code == 403
        assert client_for(stranger).post(path, {"name": "x"}).status_code == 404
    assert client_for(stranger).get(page).status_code == 404
    assert ApiKey.everyone.get().revoked_at is None


def test_it_is_a_page_of_the_connections(browser: Client, page: str) -> None:
    marked = re.findall(r'href="([^"]+)" aria-current="page"', browser.get(page).text)
    assert set(marked) == {"/connections"}
