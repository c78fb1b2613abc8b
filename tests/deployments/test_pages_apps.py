"""The pages of apps: projects, keys, connections, origins."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection, Integration
from deployments import bindings, keys
from deployments.errors import ApiError
from deployments.models import ApiKey, App
from tenants.models import Tenant, User

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]

KEY = re.compile(r"vendo_sk_[A-Za-z0-9_-]{32}")


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


# --- the list, and new projects


def test_the_list_shows_projects(browser: Client, project: App, app_key: str) -> None:
    page = browser.get("/apps").text
    assert "Ada&#x27;s laptop" in page
    assert "1 key" in page
    assert "never used" in page


def test_revoked_keys_are_not_counted(browser: Client, project: App, app_key: str) -> None:
    keys.revoke(ApiKey.everyone.get())
    assert "0 keys" in browser.get("/apps").text


def test_an_empty_list_says_what_a_project_is_for(browser: Client) -> None:
    assert "Use your connections from your own code" in browser.get("/apps").text


def test_the_list_is_each_tenants_own(client_for: SignIn, stranger: User, project: App) -> None:
    assert "Ada&#x27;s laptop" not in client_for(stranger).get("/apps").text


def test_a_project_is_made_and_shown(browser: Client) -> None:
    answer = browser.post("/apps/new", {"name": "Notebook"})
    app = App.everyone.get()
    assert (app.name, app.kind) == ("Notebook", App.Kind.PROJECT)
    assert answer.headers["Location"] == f"/apps/{app.pk}"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_project_needs_a_name(browser: Client, name: str) -> None:
    answer = browser.post("/apps/new", {"name": name})
    assert answer.status_code == 422
    assert 'id="id_name_error"' in answer.text
    assert not App.everyone.exists()


def test_a_viewer_makes_no_project(client_for: SignIn, viewer: User) -> None:
    client = client_for(viewer)
    assert "/apps/new" not in client.get("/apps").text
    assert client.post("/apps/new", {"name": "Notebook"}).status_code == 403


# --- one app


def test_the_page_has_what_a_developer_pastes(browser: Client, project: App, notion: Integration) -> None:
    page = browser.get(f"/apps/{project.pk}").text
    assert "export VENDO_BASE_URL=" in page
    assert "export VENDO_API_KEY=" in page
    assert "vendo.token(" in page
    assert "data-copy=" in page


def test_a_stranger_finds_nothing(client_for: SignIn, stranger: User, project: App) -> None:
    assert client_for(stranger).get(f"/apps/{project.pk}").status_code == 404


def test_a_viewer_sees_keys_but_no_buttons(client_for: SignIn, viewer: User, project: App, app_key: str) -> None:
    page = client_for(viewer).get(f"/apps/{project.pk}").text
    assert app_key[:12] in page
    for button in ("Create key", "Revoke", "Save origins", "data-connect-popup"):
        assert button not in page


def test_an_unknown_app_is_not_found(browser: Client) -> None:
    assert browser.get(f"/apps/{uuid4()}").status_code == 404


def test_accounts_of_a_project_are_shown_and_can_be_changed(
    browser: Client, project: App, notion: Integration, googledrive: Integration, make_connection: Make
) -> None:
    bindings.bind(project, make_connection(project.tenant, "notion", display_name="Our wiki"))
    page = browser.get(f"/apps/{project.pk}").text
    assert "Our wiki" in page
    assert "/connections/connect/notion?intent=" in page
    assert "/connections/connect/googledrive?intent=" in page


# --- keys


def test_a_key_is_shown_in_that_answer_only(browser: Client, project: App) -> None:
    answer = browser.post(f"/apps/{project.pk}/keys", {"name": "CI"})
    (secret,) = set(KEY.findall(answer.text))
    assert keys.authenticate(secret).name == "CI"
    assert "no-store" in answer.headers["Cache-Control"]
    assert not KEY.search(browser.get(f"/apps/{project.pk}").text)
    assert secret not in str(dict(browser.session))


def test_a_key_may_have_an_end(browser: Client, project: App) -> None:
    page = browser.post(f"/apps/{project.pk}/keys", {"name": "CI", "days": "30"}).text
    ends = ApiKey.everyone.get().expires_at
    assert ends is not None
    assert timedelta(days=29) < ends - timezone.now() <= timedelta(days=30)
    assert f"{ends:%-d %b %Y}" in page


def test_an_end_is_one_of_those_on_offer_and_what_was_typed_stays(browser: Client, project: App) -> None:
    answer = browser.post(f"/apps/{project.pk}/keys", {"name": "My laptop", "days": "5000"})
    assert answer.status_code == 422
    assert 'value="My laptop"' in answer.text
    assert not ApiKey.everyone.exists()


def test_with_htmx_only_the_keys_come_back(browser: Client, project: App) -> None:
    headers = {"HX-Request": "true", "HX-Target": "app-keys"}
    answer = browser.post(f"/apps/{project.pk}/keys", {"name": "CI"}, headers=headers)
    assert answer.text.strip().startswith('<section id="app-keys"')
    assert KEY.search(answer.text)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "app-keys"}])
def test_a_key_needs_a_name(browser: Client, project: App, headers: dict[str, str]) -> None:
    answer = browser.post(f"/apps/{project.pk}/keys", {"name": ""}, headers=headers)
    assert answer.status_code == 422
    assert "Give the key a name" in answer.text
    assert not ApiKey.everyone.exists()


def test_minting_is_for_writers_of_the_tenant(client_for: SignIn, viewer: User, stranger: User, project: App) -> None:
    assert client_for(viewer).post(f"/apps/{project.pk}/keys", {"name": "CI"}).status_code == 403
    assert client_for(stranger).post(f"/apps/{project.pk}/keys", {"name": "CI"}).status_code == 404
    assert client_for(viewer).get(f"/apps/{project.pk}/keys").status_code == 403


def test_minting_is_a_post(browser: Client, project: App) -> None:
    assert browser.get(f"/apps/{project.pk}/keys").status_code == 405


def test_revoking_asks_first_and_works_at_once(browser: Client, project: App, app_key: str) -> None:
    key = ApiKey.everyone.get()
    assert f'data-dialog-open="revoke-{key.pk}"' in browser.get(f"/apps/{project.pk}").text
    answer = browser.post(f"/apps/{project.pk}/keys/{key.pk}/revoke", follow=True)
    assert "is revoked" in answer.text
    with pytest.raises(ApiError):
        keys.authenticate(app_key)


def test_revoking_is_for_writers_of_the_tenant(
    client_for: SignIn, viewer: User, stranger: User, project: App, app_key: str
) -> None:
    address = f"/apps/{project.pk}/keys/{ApiKey.everyone.get().pk}/revoke"
    assert client_for(viewer).post(address).status_code == 403
    assert client_for(stranger).post(address).status_code == 404
    assert keys.authenticate(app_key).revoked_at is None


def test_a_key_is_revoked_through_its_own_app(browser: Client, tenant: Tenant, project: App, app_key: str) -> None:
    other = App.everyone.create(tenant=tenant, name="Other")
    assert browser.post(f"/apps/{other.pk}/keys/{ApiKey.everyone.get().pk}/revoke").status_code == 404


# --- origins


def test_origins_are_kept(browser: Client, project: App) -> None:
    lines = "https://app.example.com\n\nhttp://LOCALHOST:3000\n"
    answer = browser.post(f"/apps/{project.pk}/origins", {"origins": lines}, follow=True)
    project.refresh_from_db()
    assert project.allowed_origins == ["https://app.example.com", "http://localhost:3000"]
    assert "https://app.example.com" in answer.text


@pytest.mark.parametrize("line", ["nonsense", "ftp://example.com", "https://example.com/path", "*"])
def test_what_is_no_origin_is_refused_and_kept_on_screen(browser: Client, project: App, line: str) -> None:
    answer = browser.post(f"/apps/{project.pk}/origins", {"origins": line})
    assert answer.status_code == 422
    assert 'id="id_origins_error"' in answer.text
    assert line in answer.text
    project.refresh_from_db()
    assert project.allowed_origins == []


def test_origins_are_for_writers_of_the_tenant(client_for: SignIn, viewer: User, stranger: User, project: App) -> None:
    assert client_for(viewer).post(f"/apps/{project.pk}/origins", {"origins": ""}).status_code == 403
    assert client_for(stranger).post(f"/apps/{project.pk}/origins", {"origins": ""}).status_code == 404
