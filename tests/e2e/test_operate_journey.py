"""What people do to a deployment that runs, in the browser; the tool's own answers prove that it was done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor, on_each_runtime
from tests.e2e.deployed import (
    LIVE,
    SLOWLY,
    TOOLS,
    account,
    banner,
    join,
    launch,
    manage,
    post,
    publish,
    shows,
    tool_of,
    upgrading,
    variant,
)
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_each_runtime]

TITLE = {"key": "TITLE", "label": "Title", "default": "Ours", "category": "user_optional"}
COLOUR = {"key": "COLOUR", "label": "Colour"}
NEVER_WELL = {"healthPath": "/nowhere", "maxRetries": 3, "retryIntervalSec": 1}


@pytest.fixture(scope="module", autouse=True)
def shelf(stack: Stack) -> None:
    """The tool that says how it is."""
    publish(stack, TOOLS / "reporter")


def test_restarted_suspended_and_resumed(person: Visitor) -> None:
    launch(person, "reporter")
    page, tool = person.page, tool_of(person.page)
    first = tool.ask()
    manage(page, "Restart")
    second = tool.until("/", lambda found: found["life"] != first["life"])
    shows(page, "Running")

    manage(page, "Suspend")
    shows(page, "Suspended")
    assert tool.is_silent()
    expect(page.get_by_role("link", name="Open tool")).to_have_count(0)

    manage(page, "Resume")
    shows(page, "Running")
    third = tool_of(page).ask()
    assert third["life"] not in {first["life"], second["life"]}
    assert (third["version"], third["told"]) == (first["version"], first["told"])
    page.get_by_role("link", name="Activity").click()
    for action in ("restarted", "suspended", "resumed"):
        expect(page.get_by_text(f"{person.email} {action}")).to_be_visible()


def test_a_changed_setting_is_applied_by_a_restart_and_looked_at_on_record(person: Visitor) -> None:
    page = person.go(launch(person, "reporter") + "/environment")
    tool = tool_of(page)
    page.get_by_label("Title").fill("Theirs")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Saved TITLE.")).to_be_visible()
    expect(banner(page)).to_contain_text("TITLE changed")
    assert tool.ask()["told"] == {"TITLE": "Ours"}

    page.get_by_role("button", name="Reveal TITLE").click()
    expect(page.locator("#variable-value")).to_have_text("Theirs", timeout=LIVE)
    banner(page).get_by_role("button", name="Restart").click()
    expect(banner(page)).to_have_count(0, timeout=SLOWLY)
    shows(page, "Running")
    assert tool_of(page).ask()["told"] == {"TITLE": "Theirs"}
    page.get_by_role("link", name="Activity").click()
    expect(page.locator(".row", has_text=f"{person.email} looked at a value")).to_contain_text("TITLE")


def test_moved_to_a_newer_version_and_back(stack: Stack, person: Visitor, tmp_path: Path) -> None:
    publish(stack, variant(tmp_path, "reporter", "growing"))
    address = launch(person, "growing")
    before = tool_of(person.page).ask()
    newer = variant(tmp_path, "reporter", "growing", version="2.0.0", userInputs=[TITLE, COLOUR])
    publish(stack, newer)

    page = person.go(address)
    upgrading(page, "2.0.0")
    page.get_by_role("textbox", name="Colour").fill("green")
    page.get_by_role("button", name="Upgrade to 2.0.0").click()
    after = tool_of(page).until("/", lambda found: found["version"] == "2.0.0")
    assert after["told"] == before["told"] | {"COLOUR": "green"}
    shows(page, "Running")

    manage(page, "Roll back to 1.0.0")
    tool_of(page).until("/", lambda found: found["version"] == "1.0.0")
    shows(page, "Running")
    expect(page.get_by_role("link", name="Upgrade to 2.0.0")).to_be_visible(timeout=LIVE)


def test_a_version_that_does_not_come_up_leads_back(stack: Stack, person: Visitor, tmp_path: Path) -> None:
    publish(stack, variant(tmp_path, "reporter", "failing"))
    address = launch(person, "failing")
    publish(stack, variant(tmp_path, "reporter", "failing", version="2.0.0", readiness=NEVER_WELL))
    page = person.go(address)
    upgrading(page, "2.0.0")
    page.get_by_role("button", name="Upgrade to 2.0.0").click()
    shows(page, "Failed")
    expect(page.get_by_text("The upgrade stopped")).to_be_visible()
    page.get_by_role("button", name="Roll back to 1.0.0").click()
    shows(page, "Running")
    assert tool_of(page).ask()["version"] == "1.0.0"


def test_a_tool_that_falls_ill_shows_as_degraded_until_it_recovers(person: Visitor) -> None:
    launch(person, "reporter")
    page, tool = person.page, tool_of(person.page)
    tool.ask("/fall-ill")
    shows(page, "Degraded")
    expect(page.get_by_text("Asked at /healthz, it answered with status 503.")).to_be_visible()
    tool.ask("/recover")
    shows(page, "Running")
    expect(page.get_by_text("It does not answer its health check")).to_have_count(0)
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_text("Vendo found it degraded")).to_be_visible()
    expect(page.get_by_text("Vendo found it well again")).to_be_visible()


def test_destroyed_once_its_name_was_typed(person: Visitor) -> None:
    address = launch(person, "reporter", {"notion": account(person)})
    page, tool = person.page, tool_of(person.page)
    manage(page, "Destroy…")
    expect(page.locator(".card", has_text="What goes")).to_contain_text("Its access to Ada's workspace (Notion)")
    expect(page.locator(".card", has_text="What stays")).to_contain_text("The connection itself, for your other tools")
    page.get_by_label("Type reporter to confirm").fill("report")
    page.get_by_role("button", name="Destroy Reporter").click()
    expect(page.get_by_text("This is not its slug. Type reporter.")).to_be_visible()
    assert not tool.is_silent()

    page.get_by_label("Type reporter to confirm").fill("reporter")
    page.get_by_role("button", name="Destroy Reporter").click()
    shows(page, "Destroyed")
    assert tool.is_silent()
    expect(page.locator("#deployment-manage")).to_have_count(0)
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_text(f"{person.email} destroyed")).to_be_visible()
    expect(person.go("/deployments").get_by_text("1 destroyed deployment")).to_be_visible()
    expect(person.go("/connections").locator("#connections-mine").get_by_text("Ada's workspace")).to_be_visible()
    person.go(f"{address}/environment")
    expect(page.get_by_text("Its variables are gone")).to_be_visible()


def test_who_may_only_look_sees_it_all_and_changes_nothing(person: Visitor, visitor: Callable[[], Visitor]) -> None:
    address = launch(person, "reporter", {"notion": account(person)})
    before = tool_of(person.page).ask()
    person.go(f"{address}/environment").get_by_label("Title").fill("Theirs")
    person.page.get_by_role("button", name="Save settings").click()
    looker = visitor()
    looker.sign_up()
    join(looker, person, "viewer")

    for tab in ("", "/connections", "/logs", "/environment", "/activity"):
        page = looker.go(address + tab)
        shows(page, "Running")
        expect(banner(page)).to_contain_text("Somebody who may change this workspace can restart it.")
        expect(page.locator("main form[method=post], #deployment-manage")).to_have_count(0)
    for verb in ("restart", "suspend", "rollback", "destroy", "environment/save", "connections/notion/remove"):
        refused = post(looker.context, looker.stack.url, f"{address}/{verb}")
        assert refused.status == 403 and "CSRF" not in refused.text()
    assert looker.go(f"{address}/destroy").get_by_text("Destroy Reporter").count() == 0
    assert tool_of(looker.go(address)).ask() == before
