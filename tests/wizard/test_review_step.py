"""Review: what will be created, and the launch."""

from collections.abc import Callable

import pytest
from django.test import Client

from connections.models import Connection
from deployments.models import Deployment
from tests.scenery import make_deployment
from tests.wizard.conftest import fill_in
from wizard.models import Draft

type Make = Callable[..., Connection]


@pytest.fixture
def address(draft: Draft) -> str:
    return f"/deploy/{draft.pk}?phase=review"


@pytest.fixture
def ready(draft: Draft, make_connection: Make) -> Draft:
    """A draft that can be launched."""
    make_connection(draft.tenant, "notion", display_name="Our wiki")
    fill_in(draft, DATABASE="pages", MODE="thorough", VERBOSE="on", SECRET="hush-hush")
    return draft


def test_it_shows_exactly_what_will_be_created(browser: Client, address: str, ready: Draft) -> None:
    page = browser.get(address).text
    for shown in ("Ours", "acme / </span>ours", "as Our wiki", "pages", "thorough", "Yes", "release 1.0.0"):
        assert shown in page
    assert "Not ready" not in page


def test_passwords_are_masked(browser: Client, address: str, ready: Draft) -> None:
    page = browser.get(address).text
    assert "hush-hush" not in page
    assert "••••••••" in page


def test_what_is_missing_is_said_with_a_way_to_mend_it(browser: Client, address: str, draft: Draft) -> None:
    page = browser.get(address).text
    assert "Notion is not connected." in page
    assert "Database: This field is required." in page
    assert f"/deploy/{draft.pk}?phase=details&amp;check=1" in page


def test_launch_leads_to_the_deployment(browser: Client, address: str, ready: Draft) -> None:
    answer = browser.post(address)
    deployment = Deployment.everyone.get()
    assert answer.headers["Location"] == f"/deployments/{deployment.pk}"
    assert (deployment.name, deployment.status) == ("Ours", Deployment.Status.DEPLOYING)


def test_pressing_launch_twice_makes_one_deployment(browser: Client, address: str, ready: Draft) -> None:
    first, second = browser.post(address), browser.post(address)
    assert first.headers["Location"] == second.headers["Location"]
    assert Deployment.everyone.count() == 1


def test_a_missing_account_leads_back_to_connect(browser: Client, address: str, ready: Draft) -> None:
    Connection.everyone.update(status="revoked")
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain[0][0] == f"/deploy/{ready.pk}?phase=connect&check=1"
    assert "Connect Notion to go on" in answer.text


def test_an_address_taken_meanwhile_leads_back_to_the_details(browser: Client, address: str, ready: Draft) -> None:
    make_deployment(ready.tenant, ready.release, slug="ours")
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain[0][0] == f"/deploy/{ready.pk}?phase=details&check=1"
    assert 'id="id_slug_error"' in answer.text


def test_a_bad_answer_leads_back_to_the_details(browser: Client, address: str, ready: Draft) -> None:
    fill_in(ready, MODE="sideways")
    answer = browser.post(address, follow=True)
    assert 'id="id_input-MODE_error"' in answer.text
    assert not Deployment.everyone.exists()
