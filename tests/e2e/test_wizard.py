"""The wizard as people go through it: with a mouse, with keys alone, on a phone, in two windows, without JavaScript."""

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Visitor, on_one_stack
from tests.e2e.deployed import LIVE, TOOLS, publish, variant
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_one_stack]

KEY = "sk-sandbox-ada-0123456789abcdefghij"
SWEEP = [
    {"id": "rest", "title": "The rest", "sections": [{"type": "wizard_inputs"}]},
    {"id": "own", "title": "Basics", "sections": [{"type": "wizard_inputs", "groups": ["basics"]}]},
    {"id": "accounts", "title": "Accounts", "sections": [{"type": "integration"}]},
]
# What other windows say is heard when it is let go. Has to listen before the page's own scripts do.
HOLD_MESSAGES = """
const held = [];
let holding = true;
window.addEventListener("message", (event) => {
  if (!holding) return;
  event.stopImmediatePropagation();
  held.push(event);
});
window.letGo = () => {
  holding = false;
  for (const { data, origin } of held) window.dispatchEvent(new MessageEvent("message", { data, origin }));
};
"""
BROKEN = [{"id": "not an id", "title": "Broken", "sections": []}]
# slug → what differs from the tool in four steps
VARIANTS: dict[str, dict[str, Any]] = {
    "sweeping": {"wizardLayout": {"version": 1, "subSteps": SWEEP}},
    "broken-layout": {"wizardLayout": {"version": 1, "subSteps": BROKEN}},
    "no-layout": {"wizardLayout": None},
    "with-a-key": {"wizardLayout": None, "integrations": [{"provider": "openai"}], "userInputs": []},
}


@pytest.fixture(scope="module", autouse=True)
def shelf(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All the tools, published at once."""
    folder = tmp_path_factory.mktemp("tools")
    variants = [variant(folder, "four-steps", slug, name=slug, **changes) for slug, changes in VARIANTS.items()]
    publish(stack, TOOLS / "four-steps", *variants)


def begin(person: Visitor, slug: str = "four-steps") -> Page:
    """The first page of a new draft."""
    page = person.go(f"/tools/{slug}")
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.wait_for_url(re.compile(r"\?phase="))
    return page


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def at(page: Page, phase: str) -> None:
    """Wait for that phase."""
    expect(page).to_have_url(re.compile(rf"\?phase={phase}(&|$)"), timeout=LIVE)
    expect(page.locator('[aria-current="step"]')).to_be_visible()


def step_to(page: Page, title: str) -> None:
    """By the progress header."""
    page.get_by_role("button", name=re.compile(rf"^{title}\s*Step")).click()


def fill_basics(page: Page, title: str = "Reading") -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Language").select_option("German")


def row(page: Page, slug: str) -> Locator:
    return page.locator(f"#draft-account-{slug}")


def stored(page: Page) -> None:
    """Wait until what was typed is kept."""
    expect(page.locator("#draft-saved")).to_contain_text("Saved")


def test_four_steps_and_the_tool_is_told_all_of_it(person: Visitor) -> None:
    page = begin(person)
    at(page, "name")
    page.get_by_role("textbox", name="Name").fill("Ours")
    go_on(page)
    at(page, "connect")
    person.connect("Connect Notion")
    at(page, "basics")  # by itself: nothing else is required there
    fill_basics(page)
    go_on(page)
    at(page, "advanced")
    page.get_by_label("Code").fill("ABC")
    page.get_by_role("textbox", name="Secret word").fill("hush-hush")
    page.get_by_text("Advanced settings").click()
    page.get_by_label("Note").fill("Two\nlines")
    go_on(page)
    at(page, "review")
    for shown in ("Ours", "Reading", "German", "ABC", "••••••••", "as Ada's workspace", "Without it the tool"):
        expect(page.get_by_text(shown).first).to_be_visible()
    assert "hush-hush" not in page.content()
    page.get_by_role("button", name="Launch").click()
    address = page.get_by_role("link", name="Open tool")
    expect(address).to_be_visible(timeout=60_000)
    with urllib.request.urlopen(str(address.get_attribute("href")), timeout=20) as answer:
        told = json.load(answer)
    assert {"TITLE": "Reading", "LANGUAGE": "de", "CODE": "ABC", "SECRET": "hush-hush"}.items() <= told.items()
    assert {"LIMIT": "20", "MODEL": "small", "VERBOSE": "false"}.items() <= told.items()


def test_a_row_that_is_filled_before_the_connect_window_says_so_moves_on_too(person: Visitor) -> None:
    person.page.add_init_script(HOLD_MESSAGES)
    page = begin(person)
    step_to(page, "Connect")
    at(page, "connect")
    person.connect("Connect Notion")
    expect(row(page, "notion").get_by_role("radio")).to_be_checked(timeout=LIVE)
    page.evaluate("window.letGo()")
    at(page, "basics")


def test_what_is_optional_is_skipped_and_what_is_required_blocks(person: Visitor) -> None:
    page = begin(person)
    step_to(page, "Connect")
    at(page, "connect")
    go_on(page)
    expect(row(page, "notion").get_by_role("alert")).to_contain_text("Connect Notion to go on")
    step_to(page, "Basics")
    fill_basics(page)
    go_on(page)
    at(page, "advanced")
    page.get_by_label("Code").fill("not a code")
    page.get_by_role("button", name="Skip").click()
    at(page, "review")
    expect(page.get_by_text("Skipped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Launch")).to_be_disabled()
    page.get_by_role("link", name="Go there").click()
    at(page, "connect")
    person.connect("Connect Notion")
    at(page, "basics")
    step_to(page, "Review")
    expect(page.get_by_role("button", name="Launch")).to_be_enabled()


def test_back_and_forth_and_away_loses_nothing(person: Visitor) -> None:
    page = begin(person)
    step_to(page, "Basics")
    page.get_by_label("Title").fill("Half a ti")
    page.get_by_role("button", name="Back").click()
    at(page, "connect")
    page.go_back()
    at(page, "basics")
    expect(page.get_by_label("Title")).to_have_value("Half a ti")
    page.get_by_label("Title").fill("Half a title")
    page.get_by_role("link", name="Tools").first.click()  # sooner than the page saves by itself
    page.get_by_role("link", name=re.compile("Continue")).first.click()
    step_to(page, "Basics")
    expect(page.get_by_label("Title")).to_have_value("Half a title")


def test_two_windows_lose_nothing_and_overwrite_nothing(person: Visitor) -> None:
    one = begin(person)
    step_to(one, "Basics")
    at(one, "basics")
    other = person.context.new_page()
    other.goto(one.url)
    one.get_by_label("Title").fill("Pages")
    stored(one)
    other.get_by_label("How many").fill("7")
    expect(other.locator("#draft-saved")).to_contain_text("Another window has changed Title")
    other.get_by_label("Title").fill("Notes")
    expect(other.locator("#draft-saved")).to_contain_text("another window says something else for Title")
    other.get_by_role("link", name="Look at both").click()
    expect(other.get_by_label("Title")).to_have_value("Pages")
    expect(other.get_by_label("How many")).to_have_value("7")
    other.get_by_role("button", name="Use “Notes”").click()
    expect(other.get_by_label("Title")).to_have_value("Notes")
    expect(other.get_by_text("Two windows")).to_be_hidden()


def test_a_sweep_gets_what_no_other_section_names(person: Visitor) -> None:
    page = begin(person, "sweeping")
    at(page, "rest")
    expect(page.get_by_role("textbox", name="Name")).to_be_visible()  # somewhere one must be able to change it
    expect(page.get_by_label("Code")).to_be_visible()
    expect(page.get_by_label("Title")).to_be_hidden()
    go_on(page)
    at(page, "own")
    expect(page.get_by_label("Title")).to_be_visible()
    expect(page.get_by_label("Code")).to_be_hidden()
    step_to(page, "Accounts")
    expect(row(page, "googledrive")).to_be_visible()


@pytest.mark.parametrize("slug", ["broken-layout", "no-layout"])
def test_without_a_layout_that_holds_there_is_one_page(person: Visitor, slug: str) -> None:
    page = begin(person, slug)
    at(page, "setup")
    fill_basics(page)
    person.connect("Connect Notion")
    expect(row(page, "notion").get_by_text("Ada's workspace")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Reading")  # there is more to do here: it does not go on by itself
    go_on(page)
    at(page, "review")
    expect(page.get_by_role("button", name="Launch")).to_be_enabled()


def test_a_wrong_key_then_the_right_one(person: Visitor) -> None:
    page = begin(person, "with-a-key")
    openai = row(page, "openai")
    openai.get_by_role("textbox", name="API key").fill("sk-mistyped-0123456789")
    openai.get_by_role("button", name="Connect OpenAI").click()
    expect(openai.get_by_text("OpenAI does not know this")).to_be_visible()
    assert "sk-mistyped" not in page.content()
    openai.get_by_role("textbox", name="API key").fill(f"  {KEY} ")
    openai.get_by_role("button", name="Connect OpenAI").click()
    expect(openai.get_by_role("radio", name=re.compile("OpenAI key …"))).to_be_checked()
    go_on(page)
    expect(page.get_by_role("button", name="Launch")).to_be_enabled()
    assert KEY not in page.content()


def test_a_typed_key_is_taken_by_continue(person: Visitor) -> None:
    page = begin(person, "with-a-key")
    row(page, "openai").get_by_role("textbox", name="API key").fill(KEY)
    row(page, "openai").get_by_role("textbox", name="API key").press("Enter")
    at(page, "review")
    expect(page.get_by_role("button", name="Launch")).to_be_enabled()


def test_the_browser_says_what_is_wrong_before_anything_is_sent(person: Visitor) -> None:
    page = begin(person)
    step_to(page, "Basics")
    at(page, "basics")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.is_navigation_request() else None)
    page.get_by_label("How many").fill("500")
    go_on(page)
    for label, sentence in {"Title": "This field is required.", "How many": "less than or equal to 100."}.items():
        field = page.locator(".field", has=page.get_by_label(label))
        expect(field.locator(".field__errors")).to_contain_text(sentence)
    expect(page.get_by_label("Title")).to_be_focused()
    assert sent == []
    page.get_by_label("How many").fill("50")
    expect(page.get_by_text("less than or equal to 100.")).to_be_hidden()
    step_to(page, "Advanced")
    page.get_by_label("Code").fill("abc")
    page.get_by_label("Code").blur()
    expect(page.get_by_text("Three capital letters, like ABC.")).to_be_visible()


def test_keys_alone_on_a_narrow_window(person: Visitor) -> None:
    page = begin(person)
    page.set_viewport_size({"width": 390, "height": 800})
    for phase in ("name", "connect", "basics", "advanced"):
        step_url = re.sub(r"phase=\w+", f"phase={phase}", page.url)
        page.goto(step_url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(re.sub(r"phase=\w+", "phase=basics", page.url))
    press_to(page, page.get_by_label("Title"))
    page.keyboard.type("Reading")
    press_to(page, page.get_by_label("Language"))
    page.keyboard.type("Ger")
    press_to(page, page.get_by_label("How many"))
    page.keyboard.press("Enter")  # means Continue, as in any form
    at(page, "advanced")
    press_to(page, page.get_by_role("button", name="Skip"))
    page.keyboard.press("Enter")
    at(page, "review")
    expect(page.get_by_text("German")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def press_to(page: Page, wanted: Locator) -> None:
    """Tab until it has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("Tab does not get there.")


def test_without_javascript(person: Visitor, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, storage_state=person.context.storage_state())
    bare = Visitor(person.stack, context, context.new_page())
    page = begin(bare)
    go_on(page)
    at(page, "connect")
    page.get_by_role("link", name="Connect Notion in this tab and come back").click()
    bare.consent(page)
    page.get_by_role("link", name="Go on").click()
    at(page, "connect")
    expect(row(page, "notion").get_by_role("radio")).to_be_checked()
    go_on(page)
    fill_basics(page)
    step_to(page, "Name")
    step_to(page, "Basics")
    expect(page.get_by_label("Title")).to_have_value("Reading")
    page.get_by_label("How many").fill("7")
    page.get_by_label("How many").press("Enter")
    at(page, "advanced")
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="Launch").click()
    page.wait_for_url(re.compile("/deployments/"))
    context.close()
