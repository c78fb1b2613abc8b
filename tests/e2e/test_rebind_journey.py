"""Another account for a tool that runs, as two people see it on their screens, and as the tool does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor, on_each_runtime
from tests.e2e.deployed import (
    LIVE,
    SLOWLY,
    TOOLS,
    Tool,
    account,
    banner,
    join,
    launch,
    publish,
    shows,
    tool_of,
    variant,
)
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_each_runtime]

ADAS = ["Reading list", "Engine roadmap", "Correspondence", "Bernoulli notes"]
GRACES = ["Compiler bugs", "Nanosecond lectures", "Ship's log"]
GRACE_NOW = "Notion is now Grace's workspace (was Ada's workspace)"
# What the banner's title said from now on, however short.
REMEMBER = """() => {
  window.titles = [];
  new MutationObserver(() => {
    const title = document.querySelector("[data-restart] .banner__title");
    if (title) window.titles.push(title.textContent.trim());
  }).observe(document.body, { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module", autouse=True)
def shelf(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A tool that watches, and one that is restarted in place of watching."""
    folder = tmp_path_factory.mktemp("tools")
    publish(stack, TOOLS / "listing", variant(folder, "listing", "restarting", restart_on=["notion"]))


def choose(page: Page, workspace: str) -> None:
    """On the Connections tab."""
    page.get_by_text("Change the Notion account").click()
    page.get_by_role("button", name=workspace).click()
    expect(page.locator("#deployment-connections").get_by_role("link", name=workspace)).to_be_visible(timeout=LIVE)


def titles(importer: Tool) -> list[str]:
    return [row["title"] for row in importer.ask("/api/databases")["databases"]]


def test_two_people_see_what_a_restart_will_apply_until_it_is_applied(
    person: Visitor, visitor: Callable[[], Visitor]
) -> None:
    address = launch(person, "notion-importer", {"notion": account(person)})
    importer = tool_of(person.page)
    colleague = visitor()
    colleague.sign_up()
    join(colleague, person, "member")
    mine, theirs = person.go(f"{address}/connections"), colleague.go(address)
    assert titles(importer) == ADAS

    mine.get_by_text("Change the Notion account").click()
    person.connect("Connect another account", account="grace")
    for page in (mine, theirs):
        expect(banner(page)).to_contain_text("Restart to apply", timeout=LIVE)
        expect(banner(page)).to_contain_text(GRACE_NOW)

    choose(mine, "Ada's workspace")
    for page in (mine, theirs):
        expect(banner(page)).to_have_count(0, timeout=LIVE)
    choose(mine, "Grace's workspace")
    for page in (mine, theirs):
        expect(banner(page)).to_contain_text(GRACE_NOW, timeout=LIVE)
    assert titles(importer) == ADAS  # it has its token in hand, and does not watch

    theirs.evaluate(REMEMBER)
    banner(theirs).get_by_role("button", name="Restart").click()
    for page in (mine, theirs):
        expect(banner(page)).to_have_count(0, timeout=SLOWLY)
        shows(page, "Running")
    assert "Applying what changed" in theirs.evaluate("window.titles")
    assert titles(tool_of(theirs)) == GRACES
    theirs.get_by_role("link", name="Activity").click()
    expect(theirs.get_by_text(f"{person.email} changed an account").first).to_be_visible()
    expect(theirs.get_by_text(f"{colleague.email} restarted")).to_be_visible()


def test_a_tool_that_watches_has_the_other_account_without_a_restart(person: Visitor) -> None:
    adas = account(person)
    graces = account(person, "grace")
    address = launch(person, "listing", {"notion": adas})
    tool = tool_of(person.page)
    life = tool.ask()["life"]
    assert tool.ask("/databases") == ADAS

    choose(person.go(f"{address}/connections"), "Grace's workspace")
    tool.until("/databases", lambda found: found == GRACES)
    heard = tool.until("/heard", lambda events: len(events) > 1)
    assert [(event["kind"], event["connection"]) for event in heard] == [
        ("connection.disconnected", adas),
        ("connection.connected", graces),
    ]
    assert tool.ask()["life"] == life


def test_a_tool_that_wants_it_so_restarts_by_itself(person: Visitor) -> None:
    adas = account(person)
    account(person, "grace")
    address = launch(person, "restarting", {"notion": adas})
    tool = tool_of(person.page)
    life = tool.ask()["life"]

    choose(person.go(f"{address}/connections"), "Grace's workspace")
    tool.until("/", lambda found: found["life"] != life)
    shows(person.page, "Running")
    expect(banner(person.page)).to_have_count(0, timeout=LIVE)
    assert tool_of(person.page).ask("/databases") == GRACES
