"""The Connections pages, for each of the cast."""

from collections.abc import Callable

import pytest
from django.test import Client

from connections.models import Connection, Integration
from tenants.models import Tenant, User

SignIn = Callable[[User], Client]


@pytest.fixture
def connection(tenant: Tenant, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(tenant, "notion", display_name="Ada's wiki")


def test_the_list_shows_what_is_connected_and_what_can_be(
    client_for: SignIn, owner: User, connection: Connection, googledrive: Integration
) -> None:
    page = client_for(owner).get("/connections").text
    assert "Ada&#x27;s wiki" in page
    assert "/connections/connect/googledrive" in page


def test_an_empty_workspace_is_told_how_to_begin(client_for: SignIn, owner: User) -> None:
    assert "Nothing connected yet" in client_for(owner).get("/connections").text


def test_the_list_refreshes_only_what_changes(client_for: SignIn, owner: User, connection: Connection) -> None:
    answer = client_for(owner).get("/connections", headers={"HX-Request": "true", "HX-Target": "connections-mine"})
    assert answer.text.strip().startswith("<section")
    assert "Available" not in answer.text
    assert "HX-Target" in answer.headers["Vary"]


def test_what_can_be_connected_refreshes_too(
    client_for: SignIn, owner: User, notion: Integration, connection: Connection, googledrive: Integration
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "connections-available"}
    text = client_for(owner).get("/connections", headers=headers).text
    assert text.strip().startswith('<div id="connections-available"')
    assert text.count("Connect another account") == 1


def test_a_disconnected_one_leaves_the_list_but_keeps_its_page(
    client_for: SignIn, owner: User, connection: Connection
) -> None:
    Connection.everyone.update(status="revoked", credential=None)
    client = client_for(owner)
    assert "Ada&#x27;s wiki" not in client.get("/connections").text
    page = client.get(f"/connections/{connection.pk}").text
    assert "Its secrets were erased" in page
    assert "What it may do" not in page
    assert "Used by" not in page


def test_a_viewer_looks_but_has_no_buttons(
    client_for: SignIn, viewer: User, connection: Connection, notion: Integration
) -> None:
    client = client_for(viewer)
    assert "Disconnect" not in client.get(f"/connections/{connection.pk}").text
    assert "data-connect-popup" not in client.get("/connections").text


@pytest.mark.parametrize("verb", ["test", "rename", "disconnect"])
def test_a_viewer_may_not(verb: str, client_for: SignIn, viewer: User, connection: Connection) -> None:
    assert client_for(viewer).post(f"/connections/{connection.pk}/{verb}").status_code == 403
    assert Connection.everyone.get().live


@pytest.mark.parametrize("verb", ["test", "rename", "disconnect"])
def test_a_stranger_finds_nothing(verb: str, client_for: SignIn, stranger: User, connection: Connection) -> None:
    client = client_for(stranger)
    assert client.post(f"/connections/{connection.pk}/{verb}").status_code == 404
    assert client.get(f"/connections/{connection.pk}").status_code == 404
    assert "Ada" not in client.get("/connections").text


@pytest.mark.parametrize("verb", ["test", "rename", "disconnect"])
def test_changes_are_posts(verb: str, client_for: SignIn, owner: User, connection: Connection) -> None:
    assert client_for(owner).get(f"/connections/{connection.pk}/{verb}").status_code == 405


def test_the_signed_out_sign_in_first(browser: Client, connection: Connection) -> None:
    for path in ("/connections", f"/connections/{connection.pk}", "/connections/connect/notion"):
        assert browser.get(path).headers["Location"] == f"/accounts/login/?next={path}"


def test_renaming(client_for: SignIn, owner: User, connection: Connection) -> None:
    client_for(owner).post(f"/connections/{connection.pk}/rename", {"display_name": "Team wiki"})
    connection.refresh_from_db()
    assert connection.display_name == "Team wiki"


def test_a_name_is_needed(client_for: SignIn, owner: User, connection: Connection) -> None:
    answer = client_for(owner).post(f"/connections/{connection.pk}/rename", {"display_name": ""})
    assert (answer.status_code, "Give the connection a name" in answer.text) == (422, True)
    assert "Ada&#x27;s wiki" in answer.text


def test_the_old_address_leads_to_the_page(client_for: SignIn, owner: User, connection: Connection) -> None:
    answer = client_for(owner).get(f"/dashboard/connections/{connection.pk}")
    assert answer.headers["Location"] == f"/connections/{connection.pk}"


def test_no_secret_is_on_any_page(client_for: SignIn, owner: User, connection: Connection) -> None:
    client = client_for(owner)
    for path in ("/connections", f"/connections/{connection.pk}", "/connections/connect/notion"):
        text = client.get(path).text
        assert "secret-notion-token" not in text
        assert str(connection.credential) not in text
