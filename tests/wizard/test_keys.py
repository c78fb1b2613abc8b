"""Keys that are pasted in a row of the Connect step: tried at once, kept only if they work, and never sent back."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from connections.models import Connection
from deployments import bindings
from deployments.models import Release
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release
from tests.simulator import Simulator, simulated
from tests.wizard.conftest import LAYOUT
from wizard import draft as drafts
from wizard import needs
from wizard.models import Draft

KEY = "sk-proj-0123456789abcdefghijkl"
PASTED = {"key-openai-api_key": KEY}


@pytest.fixture
def provider(db: None) -> Iterator[Simulator]:
    """OpenAI, which knows every key until told otherwise."""
    with simulated() as simulator:
        simulator.play("openai")
        yield simulator


@pytest.fixture
def draft(provider: Simulator, tenant: Tenant, member: User) -> Draft:
    release = make_release("writer", integrations=[{"provider": "openai"}], layout=LAYOUT)
    return drafts.start(tenant, member, release)


@pytest.fixture
def row(draft: Draft) -> str:
    return f"/deploy/{draft.pk}/connect/openai"


@pytest.fixture
def page(draft: Draft) -> str:
    return f"/deploy/{draft.pk}?phase=connect"


def test_the_row_says_where_keys_are_made(browser: Client, page: str) -> None:
    text = browser.get(page).text
    assert 'name="key-openai-api_key"' in text
    assert "https://platform.openai.com/api-keys" in text
    assert "data-connect-popup" not in text


def test_a_good_key_fills_the_row(browser: Client, row: str, draft: Draft) -> None:
    answer = browser.post(row, PASTED)
    assert answer.status_code == 200
    assert 'data-need="met"' in answer.text
    assert "OpenAI key …ijkl" in answer.text
    assert [connection.live for connection in needs.chosen(Draft.everyone.get()).values()] == [True]


def test_a_wrong_key_says_what_to_do_and_stores_nothing(browser: Client, row: str, provider: Simulator) -> None:
    provider.api_status = 401
    answer = browser.post(row, PASTED)
    assert answer.status_code == 422
    assert "OpenAI does not know this" in answer.text
    assert KEY not in answer.text
    assert not Connection.everyone.exists()


def test_a_provider_that_is_down_is_told_from_a_wrong_key(browser: Client, row: str, provider: Simulator) -> None:
    provider.api_status = 503
    answer = browser.post(row, PASTED)
    assert answer.status_code == 422
    assert "could not be tried, so nothing was stored" in answer.text


def test_an_empty_field_asks_for_the_key(browser: Client, row: str, provider: Simulator) -> None:
    answer = browser.post(row)
    assert answer.status_code == 422
    assert "Paste the API key here." in answer.text
    assert not provider.asked


def test_continue_takes_a_key_that_was_typed(browser: Client, page: str, draft: Draft) -> None:
    assert browser.post(page, PASTED).headers["Location"] == f"/deploy/{draft.pk}?phase=details"


def test_the_rows_own_button_works_without_javascript(browser: Client, page: str) -> None:
    answer = browser.post(page, PASTED | {"paste": "openai"})
    assert answer.headers["Location"] == page
    assert "OpenAI key …ijkl" in browser.get(page).text


def test_a_wrong_key_on_the_page_is_told_in_its_row(browser: Client, page: str, provider: Simulator) -> None:
    provider.api_status = 401
    answer = browser.post(page, PASTED | {"paste": "openai"})
    assert answer.status_code == 422
    assert "OpenAI does not know this" in answer.text
    assert KEY not in answer.text


def test_typing_is_saved_without_the_key(browser: Client, draft: Draft, provider: Simulator) -> None:
    browser.post(f"/deploy/{draft.pk}/save?phase=connect", PASTED)
    assert not provider.asked
    assert KEY not in str(Draft.everyone.values().get())
    assert drafts.stored(draft) == {}


def test_leaving_the_page_tries_no_key(browser: Client, page: str, provider: Simulator) -> None:
    browser.post(page, PASTED | {"go": "details"})
    assert not provider.asked


def test_a_launched_draft_takes_no_key(browser: Client, row: str, draft: Draft, provider: Simulator) -> None:
    draft.deployment = make_deployment(draft.tenant, Release.objects.get())
    draft.save()
    assert browser.post(row, PASTED).status_code == 404
    assert not provider.asked


# --- a provider that allows one user at a time


@pytest.fixture
def bot(draft: Draft, tenant: Tenant, member: User, make_connection: Callable[..., Connection]) -> Draft:
    """A draft that needs a bot; the workspace's only one serves another deployment."""
    release = make_release("herald", integrations=[{"provider": "telegram"}], layout=LAYOUT)
    other = make_deployment(tenant, release, name="The first herald", slug="first")
    bindings.bind(other.app, make_connection(tenant, "telegram", display_name="@ada_bot"))
    return drafts.start(tenant, member, release)


def test_an_account_that_is_in_use_says_where(browser: Client, bot: Draft) -> None:
    page = browser.get(f"/deploy/{bot.pk}?phase=connect").text
    assert "In use by The first herald; Telegram allows one at a time." in page
    assert " disabled" in page
    assert 'data-need="missing"' in page


def test_an_account_that_is_in_use_cannot_be_chosen(browser: Client, bot: Draft) -> None:
    identity = str(Connection.everyone.get(integration_id="telegram").pk)
    answer = browser.post(f"/deploy/{bot.pk}?phase=connect", {"connection-telegram": identity})
    assert answer.status_code == 422
    assert needs.missing(Draft.everyone.get(pk=bot.pk))
