"""The connect button in a real browser: what static/connect.js makes of the window's messages, or of their absence."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.examples.conftest import Start
from tests.examples.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]

# The dashboard's side: what its last page does, at the press of a button.
DASHBOARD = """<!doctype html><title>Dashboard</title><link rel="icon" href="data:,">
<button id="done">Done</button><button id="other">Other state</button><button id="error">Error</button>
<script>
const asked = new URLSearchParams(location.search);
const origin = asked.get("opener_origin");
const tell = (message) => window.opener.postMessage({ state: asked.get("state"), ...message }, origin);
function done(extra) {
  if (!window.opener) {
    location.replace(`${asked.get("return_to")}?connection_id=c-1&state=${asked.get("state")}`);
    return;
  }
  tell({ type: "vendo:connection-completed", slug: "notion", connectionId: "c-1", ...extra });
  tell({ type: "vendo:oauth:done", provider: "notion", connection_id: "c-1", ...extra });
}
document.getElementById("done").onclick = () => done({});
document.getElementById("other").onclick = () => done({ state: "another" });
document.getElementById("error").onclick = () =>
  tell({ type: "vendo:oauth:error", provider: "notion", code: "access_denied", detail: "You said <no>." });
window.addEventListener("message", (event) => {
  if (event.origin === origin && event.data.type === "vendo:connection:ack") window.close();
});
</script>"""


@pytest.fixture
def page(chromium: Browser, start: Start, world: World) -> Iterator[Page]:
    """The tool's page, with nothing connected."""
    world.connect_page = DASHBOARD
    tool = start()
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(tool.origin)
    yield page
    context.close()
    assert faults == []


def open_window(page: Page) -> Page:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Connect Notion").click()
    expect(page.get_by_text("Finish in the window that opened.")).to_be_visible()
    return opened.value


def test_a_finished_connect_shows_the_databases(page: Page, world: World) -> None:
    popup = open_window(page)
    world.connected = {"notion": ["notion-token-1"]}
    with popup.expect_event("close"):
        popup.locator("#done").click()
    expect(page.get_by_text("Notion is connected.")).to_be_visible()
    expect(page.get_by_role("link", name="Reading list")).to_be_visible()
    page.wait_for_url(lambda url: "?" not in url)


def test_a_window_closed_early_says_so_and_can_be_opened_again(page: Page, world: World) -> None:
    open_window(page).close()
    expect(page.get_by_text("The window was closed before Notion was connected.")).to_be_visible()
    popup = open_window(page)
    world.connected = {"notion": ["notion-token-1"]}
    popup.locator("#done").click()
    expect(page.get_by_role("link", name="Reading list")).to_be_visible()


def test_a_connect_that_failed_is_told_beside_the_button(page: Page) -> None:
    popup = open_window(page)
    popup.locator("#error").click()
    expect(page.get_by_text("You said <no>.")).to_be_visible()
    popup.close()
    expect(page.locator("[data-connect=notion][aria-busy]")).to_have_count(0)
    expect(page.get_by_text("You said <no>.")).to_be_visible()


def test_a_second_try_in_the_same_window_still_counts(page: Page, world: World) -> None:
    popup = open_window(page)
    popup.locator("#error").click()
    world.connected = {"notion": ["notion-token-1"]}
    popup.locator("#done").click()
    expect(page.get_by_role("link", name="Reading list")).to_be_visible()


def test_messages_of_others_do_not_count(page: Page) -> None:
    popup = open_window(page)
    popup.locator("#other").click()
    page.evaluate(
        """window.postMessage({
          type: "vendo:oauth:done",
          state: new URL(document.querySelector("[data-connect=notion]").href).searchParams.get("state"),
        }, "*")"""
    )
    page.wait_for_timeout(300)
    expect(page.get_by_text("Finish in the window that opened.")).to_be_visible()
    assert not popup.is_closed()


def test_a_blocked_window_goes_there_and_back_in_the_same_tab(page: Page, world: World) -> None:
    page.evaluate("window.open = () => null")
    page.get_by_role("link", name="Connect Notion").click()
    page.wait_for_url(f"{world.dashboard}/**")
    world.connected = {"notion": ["notion-token-1"]}
    page.locator("#done").click()
    expect(page.get_by_text("Notion is connected.")).to_be_visible()
    expect(page.get_by_role("link", name="Reading list")).to_be_visible()
