"""Connections that are nothing but a webhook's secret: how one is made and renewed, and what it is for."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connections import credentials, inbound, variables
from connections.errors import ProfileUnsupported
from connections.models import Connection, Integration
from deployments import bindings
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.connections.dance import posted

pytestmark = pytest.mark.django_db
PAGE = "/connections/connect/stripe"
SECRET = "whsec_pasted-by-a-person"

type SignIn = Callable[[User], Client]


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def shown(page: str) -> tuple[str, str]:
    """The address on the page, and what stands for it in the form."""
    address = re.search(r'<code id="inbound-address">(.*?)</code>', page)
    reserved = re.search(r'name="reserved" value="(.*?)"', page)
    assert address
    assert reserved
    return address[1], reserved[1]


def paste(browser: Client, page: str = PAGE, **fields: str) -> Any:
    """Fill the form in and send it off."""
    answers = {"signing_secret": SECRET, "display_name": "Shop events", "reserved": shown(browser.get(page).text)[1]}
    return browser.post(page, answers | fields)


def test_the_address_on_the_form_is_the_connections(browser: Client, tenant: Tenant) -> None:
    address, reserved = shown(browser.get(PAGE).text)
    answer = paste(browser, reserved=reserved)
    row = Connection.everyone.get()
    assert (row.tenant, row.profile, row.status, row.display_name) == (
        tenant,
        "webhook_inbound",
        "active",
        "Shop events",
    )
    assert address == inbound.address(row.external_id) == f"http://localhost:8000/hooks/{row.external_id}"
    messages, _ = posted(answer)
    assert [message["type"] for message in messages] == ["vendo:connection-completed", "vendo:oauth:done"]
    assert messages[1]["external_id"] == row.external_id


def test_the_secret_is_kept_and_never_shown(browser: Client) -> None:
    answer = paste(browser)
    row = Connection.everyone.get()
    assert variables.further_secrets(row) == {"webhook_secret": SECRET}
    assert row.credential is None
    pages = answer.text + browser.get(f"/connections/{row.pk}").text + browser.get("/connections").text
    assert SECRET not in pages + str(row.__dict__)


def test_a_browser_may_send_the_form(member: User) -> None:
    """It brings the token without which a POST of a browser is refused."""
    browser = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
    browser.force_login(member)
    form = re.search(r'<form(?:(?!</form>).)*name="reserved".*?</form>', browser.get(PAGE).text, re.DOTALL)
    assert form
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form[0])
    assert token
    assert paste(browser, csrfmiddlewaretoken=token[1]).status_code == 200


def test_sent_twice_it_is_one(browser: Client) -> None:
    _, reserved = shown(browser.get(PAGE).text)
    for name in ("First", "Second"):
        paste(browser, reserved=reserved, display_name=name)
    assert Connection.everyone.get().display_name == "Second"


@pytest.mark.parametrize("wrong", [{"signing_secret": ""}, {"signing_secret": "two words"}, {"display_name": ""}])
def test_what_is_wrong_is_said_and_the_address_stays(browser: Client, wrong: dict[str, str]) -> None:
    address, reserved = shown(browser.get(PAGE).text)
    answer = paste(browser, reserved=reserved, **wrong)
    assert answer.status_code == 422
    assert shown(answer.text)[0] == address
    assert SECRET not in answer.text
    assert not Connection.everyone.exists()


def test_nobody_chooses_an_address(browser: Client, client_for: SignIn, stranger: User) -> None:
    """One that was not given out here, or to somebody else, makes a new one."""
    theirs = shown(client_for(stranger).get(PAGE).text)[1]
    wanted = f"vendo_conn_{'a' * 24}"
    for reserved in (theirs, wanted, ""):
        paste(browser, reserved=reserved)
    made = {*Connection.everyone.values_list("external_id", flat=True)}
    assert len(made) == 3
    assert not [address for address in made if address in theirs or address == wanted]


def test_a_new_secret_leaves_address_and_bindings(browser: Client, tenant: Tenant) -> None:
    paste(browser)
    row = Connection.everyone.get()
    bindings.bind(create_project(tenant, "Laptop"), row)
    page = f"{PAGE}?connection={row.pk}"
    assert "Replace the secret" in browser.get(page).text
    assert shown(browser.get(page).text)[0] == inbound.address(row.external_id)
    paste(browser, page, signing_secret="whsec_another")
    row.refresh_from_db()
    assert variables.further_secrets(row) == {"webhook_secret": "whsec_another"}
    assert row.bindings.count() == 1
    assert Connection.everyone.count() == 1


def test_a_key_is_renewed_by_a_key(browser: Client, tenant: Tenant, make_connection: Callable[..., Connection]) -> None:
    key = make_connection(tenant, "stripe")
    assert "inbound-address" not in browser.get(f"{PAGE}?connection={key.pk}").text


def test_there_is_no_token(browser: Client) -> None:
    paste(browser)
    row = Connection.everyone.get()
    with pytest.raises(ProfileUnsupported):
        credentials.fresh_token(row)
    page = browser.get(f"/connections/{row.pk}").text
    assert "Test connection" not in page
    assert "Replace the secret" in page
    assert "Tools get no token of it." in page


def test_what_came_before_is_not_seen_by_who_may_only_look(client_for: SignIn, viewer: User) -> None:
    assert client_for(viewer).get(PAGE).status_code == 403


def test_whoever_disconnects_ends_it(browser: Client) -> None:
    paste(browser)
    row = Connection.everyone.get()
    assert "a new one has another address" in browser.get(f"/connections/{row.pk}").text
    browser.post(f"/connections/{row.pk}/disconnect")
    row.refresh_from_db()
    assert (row.status, row.further_secrets) == ("revoked", None)
    _, reserved = shown(browser.get(PAGE).text)
    paste(browser, reserved=reserved)
    assert Connection.everyone.filter(status="active").count() == 1


def test_it_can_be_connected_without_anything_set_up() -> None:
    assert Integration.objects.get(slug="stripe").configured
