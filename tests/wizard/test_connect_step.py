"""Connect: which account the tool gets for each integration."""

from collections.abc import Callable

import pytest
from django.test import Client

from connections.models import Connection, Integration
from tenants.models import Tenant, User
from wizard import draft as drafts
from wizard import needs
from wizard.models import Draft

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]


@pytest.fixture
def address(draft: Draft) -> str:
    return f"/deploy/{draft.pk}?phase=connect"


def checked(page: str, value: object) -> bool:
    return f'value="{value}" checked' in page


def test_without_an_account_one_is_connected_in_a_popup(browser: Client, address: str) -> None:
    page = browser.get(address).text
    assert "Connect Notion" in page
    assert "data-connect-popup" in page
    assert "/connections/connect/notion?intent=" in page


def test_the_only_account_is_preselected(browser: Client, address: str, draft: Draft, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion")
    assert checked(browser.get(address).text, connection.pk)


def test_of_two_accounts_none_is_preselected(
    browser: Client, address: str, draft: Draft, make_connection: Make
) -> None:
    one = make_connection(draft.tenant, "notion", account_id="1")
    two = make_connection(draft.tenant, "notion", account_id="2")
    page = browser.get(address).text
    assert not checked(page, one.pk)
    assert not checked(page, two.pk)


def test_a_choice_leads_on(browser: Client, address: str, draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion", account_id="1")
    two = make_connection(draft.tenant, "notion", account_id="2")
    answer = browser.post(address, {"connection-notion": str(two.pk), "connection-googledrive": ""})
    assert answer.headers["Location"] == f"/deploy/{draft.pk}?phase=details"
    draft.refresh_from_db()
    assert needs.chosen(draft) == {"notion": two}


def test_without_a_required_account_one_does_not_get_on(browser: Client, address: str) -> None:
    answer = browser.post(address, {"connection-googledrive": ""})
    assert answer.status_code == 422
    assert "Connect Notion to go on: Importer does not work without it." in answer.text


def test_the_choice_for_one_is_kept_when_another_is_missing(
    browser: Client, address: str, draft: Draft, make_connection: Make
) -> None:
    make_connection(draft.tenant, "googledrive")
    browser.post(address, {"connection-googledrive": ""})
    draft.refresh_from_db()
    assert draft.selected == {"googledrive": None}


def test_the_page_says_what_is_lost_without_an_optional_one(browser: Client, address: str) -> None:
    assert "Without it the tool can’t list and read the files" in browser.get(address).text


@pytest.mark.parametrize("nonsense", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_account_is_none(
    browser: Client, address: str, draft: Draft, make_connection: Make, nonsense: str
) -> None:
    make_connection(draft.tenant, "notion")
    assert browser.post(address, {"connection-notion": nonsense}).status_code == 422


def test_somebody_elses_account_is_none(
    browser: Client, address: str, draft: Draft, make_connection: Make, other_tenant: Tenant
) -> None:
    theirs = make_connection(other_tenant, "notion", display_name="Globex wiki")
    assert "Globex wiki" not in browser.get(address).text
    assert browser.post(address, {"connection-notion": str(theirs.pk)}).status_code == 422


def test_an_account_in_trouble_says_so(browser: Client, address: str, draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion", status="needs_reauth", error_message="Notion ended it.")
    assert "Notion ended it." in browser.get(address).text


def test_a_provider_that_is_not_set_up_says_so(browser: Client, address: str) -> None:
    Integration.objects.update(client_id="")
    page = browser.get(address).text
    assert "The operator of this Vendo must set it up first" in page
    assert "data-connect-popup" not in page


def test_choices_are_kept_while_they_are_made(
    browser: Client, address: str, draft: Draft, make_connection: Make
) -> None:
    make_connection(draft.tenant, "notion", account_id="1")
    two = make_connection(draft.tenant, "notion", account_id="2")
    answer = browser.post(f"/deploy/{draft.pk}/save?phase=connect", {"connection-notion": str(two.pk)})
    assert "Saved" in answer.text
    draft.refresh_from_db()
    assert draft.selected == {"notion": str(two.pk)}


# --- one row of it, which fetches itself


def test_a_row_is_the_one_of_the_page(browser: Client, address: str, draft: Draft) -> None:
    row = browser.get(f"/deploy/{draft.pk}/connect/notion").text.strip()
    assert row.startswith("<div")
    assert 'id="draft-account-notion"' in row
    assert "draft-account-googledrive" not in row


def test_a_row_shows_the_new_account_selected(
    browser: Client, address: str, draft: Draft, make_connection: Make
) -> None:
    make_connection(draft.tenant, "notion", account_id="old")
    new = make_connection(draft.tenant, "notion", account_id="new")
    drafts.select(draft, {"notion": new})
    assert checked(browser.get(f"/deploy/{draft.pk}/connect/notion").text, new.pk)


def test_a_row_of_something_else_is_not_found(browser: Client, draft: Draft) -> None:
    assert browser.get(f"/deploy/{draft.pk}/connect/github").status_code == 404


def test_a_row_is_for_its_tenant(client_for: SignIn, stranger: User, draft: Draft) -> None:
    assert client_for(stranger).get(f"/deploy/{draft.pk}/connect/notion").status_code == 404
