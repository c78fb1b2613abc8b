"""Two windows on one draft: nothing that was typed is overwritten unseen, and nothing of it is lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connections.models import Connection
from tenants.models import User
from wizard import draft as drafts
from wizard.models import Draft

type Make = Callable[..., Connection]

HIDDEN = re.compile(r'<input type="hidden" name="((?:seen|settled)-[\w-]+|tab)"[^>]* value="(\w*)"')
START = {"name": "Importer", "slug": "importer", "input-DATABASE": "", "input-MODE": "fast"}


class Window:
    """An open page of a draft: sends what it showed, with what was changed in it."""

    def __init__(self, browser: Client, draft: Draft, phase: str = "details") -> None:
        self.browser, self.draft, self.phase = browser, draft, phase
        self.fields: dict[str, str] = dict(START) if phase == "details" else {}
        self.read(self._get().text)

    def _get(self) -> Any:
        return self.browser.get(f"/deploy/{self.draft.pk}?phase={self.phase}")

    def read(self, page: str) -> None:
        """Take over what the page sends with its fields."""
        self.hidden: dict[str, str] = dict(HIDDEN.findall(page))

    def save(self, **fields: str) -> str:
        """Type, and wait for it to be saved."""
        self.fields |= {name.replace("__", "-"): value for name, value in fields.items()}
        answer = self.browser.post(f"/deploy/{self.draft.pk}/save?phase={self.phase}", self.hidden | self.fields)
        self.hidden |= dict(re.findall(r'name="(seen-[\w-]+)"[^>]* value="(\w*)"', answer.text))
        return answer.text

    def go_on(self, **fields: str) -> Any:
        """Type, and press Continue."""
        self.fields |= {name.replace("__", "-"): value for name, value in fields.items()}
        answer = self.browser.post(f"/deploy/{self.draft.pk}?phase={self.phase}", self.hidden | self.fields)
        if answer.status_code == 422:
            self.read(answer.text)
        return answer


@pytest.fixture
def one(browser: Client, draft: Draft) -> Window:
    return Window(browser, draft)


@pytest.fixture
def other(client_for: Callable[[User], Client], owner: User, draft: Draft) -> Window:
    """Of another person, who opened the page at the same time."""
    return Window(client_for(owner), draft)


def stored(draft: Draft) -> dict[str, Any]:
    return drafts.typed(Draft.everyone.get(pk=draft.pk))


def test_different_fields_do_not_disturb_each_other(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    assert "Another window has changed Database" in other.save(input__MODE="thorough")
    assert stored(draft) == {"DATABASE": "pages", "MODE": "thorough"}


def test_going_on_in_the_old_window_undoes_nothing(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages", name="Ours")
    other.save(slug="theirs")
    assert other.go_on().status_code == 302
    row = Draft.everyone.get(pk=draft.pk)
    assert (row.name, row.slug, stored(draft)["DATABASE"]) == ("Ours", "theirs", "pages")


def test_the_same_field_keeps_the_first_value_and_says_so(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    assert "another window says something else for Database" in other.save(input__DATABASE="notes")
    assert stored(draft)["DATABASE"] == "pages"


def test_both_values_are_shown_with_where_they_came_from(one: Window, other: Window) -> None:
    one.save(input__DATABASE="pages")
    page = other.go_on(input__DATABASE="notes")
    assert page.status_code == 422
    for shown in ('value="pages"', "chosen by member@acme.example", "“notes” is from you", "Use “notes”"):
        assert shown in page.text


def test_typing_on_in_both_loses_neither(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    other.save(input__DATABASE="not")
    other.save(input__DATABASE="notes")
    one.save(input__DATABASE="pages and more")
    page = Window(one.browser, draft)._get().text
    assert 'value="pages and more"' in page
    assert "“notes” is from owner@acme.example" in page
    assert "“not”" not in page


def test_the_other_value_can_be_taken(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    other.go_on(input__DATABASE="notes")
    other.go_on(use="input-DATABASE:0")
    assert stored(draft)["DATABASE"] == "notes"
    assert "Two windows" not in Window(one.browser, draft)._get().text


def test_continue_keeps_the_one_in_the_field(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    other.go_on(input__DATABASE="notes")
    assert other.go_on(input__DATABASE="pages").status_code == 302
    assert stored(draft)["DATABASE"] == "pages"
    assert "Two windows" not in Window(one.browser, draft)._get().text


def test_continue_elsewhere_decides_nothing(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    other.save(input__DATABASE="notes")
    assert one.go_on().status_code == 422  # it had not shown the two
    assert "“notes” is from owner@acme.example" in Window(one.browser, draft)._get().text


def test_nothing_is_launched_before_it_is_decided(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__DATABASE="pages")
    other.save(input__DATABASE="notes")
    page = one.browser.get(f"/deploy/{draft.pk}?phase=review").text
    assert "Database: two windows say different things." in page
    one.browser.post(f"/deploy/{draft.pk}?phase=review")
    assert Draft.everyone.get().deployment is None


def test_the_same_value_twice_is_no_dispute(one: Window, other: Window) -> None:
    one.save(input__DATABASE="pages")
    assert "Saved" in other.save(input__DATABASE="pages")
    assert other.go_on().status_code == 302


def test_a_window_does_not_dispute_with_itself(one: Window) -> None:
    before = dict(one.hidden)
    one.save(input__DATABASE="pag")
    one.hidden = before  # typed on before the answer came
    assert "says something else" not in one.save(input__DATABASE="pages")


def test_passwords_are_disputed_without_being_shown(one: Window, other: Window, draft: Draft) -> None:
    one.save(input__SECRET="hush-one", input__DATABASE="pages")
    page = other.go_on(input__SECRET="hush-two", input__DATABASE="pages").text
    assert "Two windows say different things" in page
    assert "hush" not in page
    assert "hush" not in str(Draft.everyone.values().get())
    other.fields["input-SECRET"] = ""
    other.go_on(use="input-SECRET:0")
    assert stored(draft)["SECRET"] == "hush-two"


@pytest.mark.parametrize("decision", ["input-DATABASE:7", "input-DATABASE:x", "nonsense", "", "name:0"])
def test_an_unknown_decision_decides_nothing(one: Window, other: Window, draft: Draft, decision: str) -> None:
    one.save(input__DATABASE="pages")
    other.save(input__DATABASE="notes")
    assert one.go_on(use=decision).status_code == 302
    assert stored(draft)["DATABASE"] == "pages"


def test_accounts_are_disputed_too(
    browser: Client, client_for: Callable[[User], Client], owner: User, draft: Draft, make_connection: Make
) -> None:
    ada, grace = (make_connection(draft.tenant, "notion", account_id=name, display_name=name) for name in "ag")
    one, other = Window(browser, draft, "connect"), Window(client_for(owner), draft, "connect")
    one.save(**{"connection-notion": str(ada.pk)})
    page = other.go_on(**{"connection-notion": str(grace.pk)})
    assert page.status_code == 422
    assert f'value="{ada.pk}" checked' in page.text
    assert "“g” is from you" in page.text
    other.go_on(use="connection-notion:0")
    assert Draft.everyone.get().selected["notion"] == str(grace.pk)
