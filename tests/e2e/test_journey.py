"""What Vendo is for, by clicking: connect, mint a key, deploy, and the tool works. And what may go wrong on the way."""

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor, on_one_stack
from tests.e2e.scan import assert_no_plaintext
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]

ADAS_DATABASES = ["Reading list", "Engine roadmap", "Correspondence", "Bernoulli notes"]


def deploy(person: Visitor, tool: str, *, to: str = "running") -> None:
    """From the tool's page through a wizard without questions to a deployment that has come to rest."""
    page = person.go(f"/tools/{tool}")
    page.get_by_role("button", name="Deploy", exact=True).click()
    onward, launch = (page.get_by_role("button", name=name) for name in ("Continue", "Launch"))
    expect(onward.or_(launch)).to_be_visible()
    while not launch.is_visible():
        step = page.url
        onward.click()
        page.wait_for_url(lambda now, step=step: now != step)  # type: ignore[misc]
        expect(onward.or_(launch)).to_be_visible()
    launch.click()
    page.wait_for_url(re.compile(r"/deployments/"))
    if to:
        expect(page.locator(".page-header .badge").first).to_have_text(re.compile(to, re.IGNORECASE), timeout=90_000)


def fetch(stack: Stack, path: str, key: str) -> dict[str, Any]:
    """Ask the runtime API as a tool does."""
    request = urllib.request.Request(f"{stack.url}{path}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_from_signing_up_to_a_tool_that_lists_databases(stack: Stack, person: Visitor) -> None:
    page = person.page
    person.connect("Connect Notion")
    expect(page.get_by_text("Choose a tool")).to_be_visible()  # by itself: the overview goes on to the next step

    key = person.mint("My laptop")
    page.reload()
    assert key not in page.content()

    page = person.go("/tools")
    page.get_by_role("button", name="Deploy Notion importer").click()
    expect(page.get_by_text("Ada's workspace")).to_be_visible()
    page.get_by_role("button", name="Continue").click()  # Google Drive is optional, and left out
    page.get_by_label("Title of the page").fill("Ada's reading")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_role("link", name="Open tool")).to_be_visible(timeout=120_000)  # without a reload: live

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open tool").click()
    tool = opened.value
    for title in ADAS_DATABASES:
        expect(tool.get_by_text(title)).to_be_visible()
    expect(tool.get_by_role("heading", name="Ada's reading")).to_be_visible()

    # The optional account, later and from the tool's own page, which is another origin.
    with tool.expect_popup() as opened:
        tool.get_by_role("link", name="Connect Google Drive").click()
    with opened.value.expect_event("close"):
        person.consent(opened.value)
    expect(tool.get_by_text("Note G.pdf")).to_be_visible()

    person.go("/connections")
    expect(page.get_by_text(re.compile("used by .*Notion importer")).first).to_be_visible()
    assert_no_plaintext(stack, extra=[key, "correct horse battery"])


def test_a_project_key_gets_a_token_once_its_account_is_connected(stack: Stack, person: Visitor) -> None:
    key = person.mint("Script")
    page = person.go("/connections")
    person.connect("Connect Google Drive")
    expect(page.locator("#connections-mine").get_by_text("ada@sandbox.example")).to_be_visible()
    assert fetch(stack, "/credentials/googledrive", key)["access_token"].startswith("ya29.sandbox-")
    bulk = fetch(stack, "/credentials/_bulk?slugs=googledrive,notion", key)["tokens"]
    assert bulk["notion"] is None


@on_one_stack
def test_a_connect_in_one_tab_shows_in_the_other(person: Visitor) -> None:
    other = person.context.new_page()
    other.goto(f"{person.stack.url}/connections")
    person.go("/connections")
    person.connect("Connect Notion", account="grace")
    expect(other.locator("#connections-mine").get_by_text("Grace's workspace")).to_be_visible()


@on_one_stack
def test_a_blocked_popup_becomes_a_page_and_comes_back(person: Visitor) -> None:
    person.page.add_init_script("window.open = () => null")
    page = person.go("/connections")
    page.get_by_role("link", name="Connect Notion").click()
    person.consent(page)
    page.wait_for_url(re.compile(r"/connections\?.*connection_id="))
    expect(page.locator("#connections-mine").get_by_text("Ada's workspace")).to_be_visible()


@on_one_stack
def test_a_closed_popup_is_noticed_and_nothing_is_connected(person: Visitor) -> None:
    page = person.go("/connections")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Connect Notion").click()
    opened.value.get_by_role("link", name="Continue to").wait_for()
    opened.value.close()
    expect(page.get_by_text("Window closed before finishing. Try again.")).to_be_visible()
    expect(page.get_by_text("Nothing connected yet")).to_be_visible()


@on_one_stack
def test_denying_says_so_in_both_windows_and_another_try_works(person: Visitor) -> None:
    page = person.go("/connections")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Connect Notion").click()
    popup = opened.value
    person.consent(popup, allow=False)
    expect(popup.get_by_role("heading", name="Nothing was connected")).to_be_visible()
    expect(page.get_by_text("You did not allow access to Notion")).to_be_visible()
    popup.get_by_role("link", name="Try again").click()
    with popup.expect_event("close"):
        person.consent(popup)
    expect(page.locator("#connections-mine").get_by_text("Ada's workspace")).to_be_visible()


@on_one_stack
def test_a_provider_that_is_down_during_the_exchange(stack: Stack, person: Visitor) -> None:
    stack.sandbox.control(token_status=503)
    page = person.go("/connections")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Connect Notion").click()
    person.consent(opened.value)
    expect(opened.value.get_by_text("Notion is having trouble")).to_be_visible()
    stack.sandbox.reset()
    opened.value.get_by_role("link", name="Try again").click()
    with opened.value.expect_event("close"):
        person.consent(opened.value)
    expect(page.locator("#connections-mine").get_by_text("Ada's workspace")).to_be_visible()


@on_one_stack
def test_signing_in_on_the_way_to_a_connect(stack: Stack, person: Visitor, visitor: Callable[[], Visitor]) -> None:
    somebody = visitor()
    page = somebody.go("/connections/connect/notion")
    page.get_by_label("Email").fill(person.email)
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    somebody.consent(page)
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()


@on_one_stack
def test_another_workspaces_key_is_refused_and_leaves_the_address_bar(
    stack: Stack, person: Visitor, visitor: Callable[[], Visitor]
) -> None:
    key = person.mint("Mine")
    mine = person.go(f"/connections/connect/notion?app_key={key}&state=s")
    expect(mine.get_by_text("Mine")).to_be_visible()
    assert key not in mine.url

    stranger = visitor()
    stranger.sign_up()
    theirs = stranger.go(f"/connections/connect/notion?app_key={key}")
    expect(theirs.get_by_role("heading", name="This connect link does not work here")).to_be_visible()
    assert "Mine" not in theirs.content()
    # The same before signing in: the key is swapped before the sign-in page shows.
    nobody = visitor()
    signing_in = nobody.go(f"/connections/connect/notion?app_key={key}")
    assert key not in signing_in.url


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)  # on PostgreSQL all are killed at all steps: test_kill
def test_a_worker_killed_in_the_middle_is_taken_over(stack: Stack, person: Visitor) -> None:
    stack.manage("publish_tool", "tests/e2e/tools/slow-start")
    deploy(person, "slow-start", to="")
    page = person.page
    expect(page.locator(".step[data-state=running]")).to_contain_text(
        re.compile("answer|health", re.IGNORECASE), timeout=60_000
    )
    stack.kill("worker")
    stack.start("worker", "manage.py", "worker")
    expect(page.get_by_role("link", name="Open tool")).to_be_visible(timeout=90_000)
    found = stack.shell(
        "from deployments.models import *; d = Deployment.everyone.get(release__tool_id='slow-start');"
        "print(d.app.keys.count(), [l.outcome for l in d.logs.all()].count('interrupted'))"
    )
    assert found.split() == ["1", "1"]


@on_one_stack
def test_a_tool_that_never_gets_healthy_fails_with_its_last_words_and_can_be_retried(
    stack: Stack, person: Visitor
) -> None:
    stack.manage("publish_tool", "tests/e2e/tools/never-healthy")
    deploy(person, "never-healthy", to="failed")
    page = person.page
    expect(page.get_by_text("this tool has no database").first).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".page-header .badge").first).to_have_text(re.compile("deploying", re.IGNORECASE))
    expect(page.locator(".page-header .badge").first).to_have_text(re.compile("failed", re.IGNORECASE), timeout=60_000)


def test_nothing_secret_was_written_down_by_anything_above(stack: Stack) -> None:
    assert_no_plaintext(stack, extra=["correct horse battery"])
