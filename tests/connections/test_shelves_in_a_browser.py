"""The Connections page with the whole catalogue in a real browser: found by keyboard, and asked for where it is not."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from connections import catalog
from connections.models import IntegrationRequest

pytestmark = pytest.mark.django_db(transaction=True)
type Browse = Callable[..., Any]


def cards(page: Page) -> Any:
    return page.locator("#connections-available .card:visible .card__title")


def fill_in(page: Page) -> None:
    page.get_by_label("Link to its documentation").fill("acme.example/docs")
    page.get_by_text("People copy a key").click()
    page.get_by_role("button", name="Send request").click()


def test_one_types_and_the_list_follows(browse: Browse) -> None:
    with browse() as context:
        page = context.new_page()
        page.goto("/connections")
        expect(cards(page)).to_have_count(len(catalog.all_providers()))
        page.keyboard.press("/")
        page.keyboard.type("google sheets")
        page.keyboard.press("Enter")
        expect(cards(page)).to_have_text(["Google Sheets"])
        page.get_by_role("searchbox").fill("")
        page.get_by_role("button", name="Payments").press("Enter")
        expect(cards(page)).to_have_text(["Stripe"])
        expect(page.get_by_role("button", name="Payments")).to_have_attribute("aria-pressed", "true")
        assert page.url.endswith("/connections")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_what_is_not_found_is_asked_for_and_taken_back(browse: Browse, scripts: bool) -> None:
    with browse(java_script_enabled=scripts, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto("/connections")
        page.get_by_role("searchbox").fill("Acme Mail")
        if not scripts:
            page.get_by_role("searchbox").press("Enter")
        page.get_by_role("button", name="Ask for it").click()
        expect(page.get_by_label("Provider", exact=True)).to_have_value("Acme Mail")
        fill_in(page)
        row = page.locator("#connections-requests li", has_text="Acme Mail")
        expect(row).to_contain_text("Open")
        row.get_by_role("button", name="Withdraw").click()
        expect(row).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not IntegrationRequest.everyone.exists()


def test_without_scripts_a_category_and_words_narrow_it_together(browse: Browse) -> None:
    with browse(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/connections")
        page.get_by_role("button", name="AI", exact=True).click()
        page.get_by_role("searchbox").fill("claude")
        page.get_by_role("button", name="Search").click()
        expect(cards(page)).to_have_text(["Anthropic"])
        page.get_by_role("button", name="All", exact=True).click()
        page.get_by_role("searchbox").fill("")
        page.get_by_role("button", name="Search").click()
        expect(cards(page)).to_have_count(len(catalog.all_providers()))
