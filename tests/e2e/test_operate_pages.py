"""What goes on by itself on a deployment's pages: its output, its health, and values that hide again."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect

from tests.e2e.conftest import Visitor, on_one_stack
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_one_stack]

PATIENCE = 20_000  # milliseconds; a loaded machine is slow, a page asks every two seconds
# As rows alone, without a process: what these pages show does not depend on how the tool came to be.
FURNISH = """
from deployments import environment
from deployments.models import Deployment, Release
from deployments.runtimes import folders
from tenants.models import User
from tests.scenery import make_deployment, make_release
inputs = [{{"key": "TITLE", "label": "Title"}}, {{"key": "PASSWORD", "label": "Password", "inputType": "password"}}]
release = Release.objects.filter(tool="pages").first() or make_release("pages", integrations=[], inputs=inputs)
tenant = User.objects.get(email="{email}").tenants.get()
port = 40000 + Deployment.everyone.count()
row = make_deployment(tenant, release, name="Our pages", slug="pages", port=port)
environment.make_secrets(row)
environment.write_inputs(row, {{"TITLE": "Ours", "PASSWORD": "hunter-two"}})
row.env_applied = environment.resolve(row)
row.save()
folders.make(row)
print(row.pk)
"""
RENAME = """
from deployments import events
from deployments.models import Deployment
row = Deployment.everyone.select_related("tenant").get(pk="{pk}")
row.name = "{name}"
row.save()
events.deployment_changed(row)
"""


@pytest.fixture
def deployment(stack: Stack, person: Visitor) -> str:
    """The id of a deployment of the person's."""
    person.sign_up() if not person.email else None
    return stack.shell(FURNISH.format(email=person.email)).split()[-1]


@pytest.fixture
def output(stack: Stack, deployment: str) -> Path:
    """The file that the tool would write."""
    path = stack.data_dir / "tools" / deployment / "logs" / "tool.log"
    path.write_text("".join(f"INFO line {number}.\n" for number in range(200)))
    return path


def write(output: Path, line: str) -> None:
    with output.open("a") as file:
        file.write(f"{line}\n")


def scrolled(log: Locator) -> tuple[int, int]:
    """Pixels above, and pixels below what is seen."""
    above, below = log.evaluate("log => [log.scrollTop, log.scrollHeight - log.scrollTop - log.clientHeight]")
    return int(above), int(below)


def test_output_goes_on_at_its_end_and_through_a_rotation(person: Visitor, deployment: str, output: Path) -> None:
    page = person.go(f"/deployments/{deployment}/logs")
    log = page.get_by_role("log")
    write(output, "INFO a request came")
    expect(log.get_by_text("a request came")).to_be_attached(timeout=PATIENCE)
    assert scrolled(log)[1] < 2
    output.rename(output.with_name("tool.log.1"))
    write(output, "INFO a new file")
    expect(log.get_by_text("a new file")).to_be_attached(timeout=PATIENCE)
    expect(log.get_by_text("left out")).to_have_count(0)


def test_who_scrolled_up_is_left_there(person: Visitor, deployment: str, output: Path) -> None:
    page = person.go(f"/deployments/{deployment}/logs")
    log = page.get_by_role("log")
    log.evaluate("log => log.scrollTop = 100")
    write(output, "INFO a request came")
    expect(log.get_by_text("a request came")).to_be_attached(timeout=PATIENCE)
    assert scrolled(log)[0] == 100


def test_output_can_be_held_and_goes_on_where_it_was(person: Visitor, deployment: str, output: Path) -> None:
    page = person.go(f"/deployments/{deployment}/logs")
    page.get_by_role("button", name="Live").click()
    write(output, "INFO while nobody looks")
    page.wait_for_timeout(3000)
    expect(page.get_by_text("while nobody looks")).to_have_count(0)
    page.get_by_role("button", name="Paused").click()
    expect(page.get_by_text("while nobody looks")).to_be_attached(timeout=PATIENCE)


def test_a_search_looks_back_and_goes_on(person: Visitor, deployment: str, output: Path) -> None:
    page = person.go(f"/deployments/{deployment}/logs")
    page.get_by_label("Search this log").fill("line 17.")
    expect(page.locator(".log__line")).to_have_count(1, timeout=PATIENCE)
    expect(page).to_have_url(re.compile(r"\?q=line\+?(%20)?17\."))
    write(output, "INFO nothing")
    write(output, "INFO once more line 17.")
    expect(page.locator(".log__line")).to_have_count(2, timeout=PATIENCE)
    expect(page.locator("[data-tail-found]")).to_have_text("2")


def test_a_tool_without_process_shows_as_degraded_on_an_open_page(person: Visitor, deployment: str) -> None:
    page = person.go(f"/deployments/{deployment}/activity")
    expect(page.get_by_text("It does not answer its health check")).to_be_visible(timeout=2 * PATIENCE)
    expect(page.locator('[data-status="degraded"]')).to_be_visible()
    expect(page.get_by_text("Vendo found it degraded")).to_be_visible(timeout=PATIENCE)


def test_a_value_shows_on_a_click_and_hides_on_another(person: Visitor, deployment: str) -> None:
    page = person.go(f"/deployments/{deployment}/environment")
    page.get_by_role("button", name="Reveal PASSWORD").click()
    expect(page.get_by_text("hunter-two")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("link", name="Hide PASSWORD")).to_be_focused()
    page.get_by_role("link", name="Hide PASSWORD").click()
    expect(page.get_by_text("hunter-two")).to_have_count(0, timeout=PATIENCE)
    person.go(f"/deployments/{deployment}/activity")
    expect(page.get_by_text(f"{person.email} looked at a value")).to_be_visible()


def test_a_value_that_somebody_reads_stays_though_something_changes(person: Visitor, deployment: str) -> None:
    page = person.go(f"/deployments/{deployment}/environment")
    page.get_by_role("button", name="Reveal PASSWORD").click()
    expect(page.get_by_text("hunter-two")).to_be_visible(timeout=PATIENCE)
    fetched: list[str | None] = []
    page.on("request", lambda request: fetched.append(request.headers.get("hx-target")))
    other = person.context.new_page()
    other.goto(f"{person.stack.url}/deployments/{deployment}/environment")
    other.get_by_label("Title").fill("Theirs")
    other.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Restart to apply")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("hunter-two")).to_be_visible()
    assert "deployment-head" in fetched and "deployment-variables" not in fetched


def test_nobodys_typing_is_lost_to_what_somebody_else_saves(person: Visitor, deployment: str) -> None:
    page = person.go(f"/deployments/{deployment}/environment")
    page.get_by_label("Title").fill("Half a sen")
    other = person.context.new_page()
    other.goto(page.url)
    other.get_by_role("textbox", name="Password").fill("swordfish-seven")
    other.get_by_role("button", name="Save settings").click()
    expect(other.get_by_text("Saved PASSWORD.")).to_be_visible()
    expect(page.get_by_text("Restart to apply")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Title")).to_have_value("Half a sen")


def test_a_menu_stays_open_though_its_page_hears_of_something(person: Visitor, deployment: str) -> None:
    page = person.go(f"/deployments/{deployment}/activity")
    page.locator("summary", has_text="Manage").click()
    other = person.context.new_page()
    other.goto(f"{person.stack.url}/deployments/{deployment}/environment")
    other.get_by_label("Title").fill("Theirs")
    other.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Restart to apply")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("link", name="Destroy…")).to_be_visible()


def test_news_during_a_fetch_is_shown_too(person: Visitor, deployment: str) -> None:
    page, held = person.go("/deployments"), list[tuple[Route, APIResponse]]()

    def hold(route: Route) -> None:
        """The first answer comes late; what is in it, was so before."""
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.wait_for_function("document.documentElement.dataset.live === 'open'")
    page.route("**/deployments", hold)
    person.stack.shell(RENAME.format(pk=deployment, name="Before"))
    wait_until(page, lambda: held)
    page.evaluate("document.body.addEventListener('deployments-changed', () => (window.news = true))")
    person.stack.shell(RENAME.format(pk=deployment, name="Afterwards"))
    page.wait_for_function("window.news")
    for route, answer in held:
        route.fulfill(response=answer)
    expect(page.get_by_role("link", name="Afterwards", exact=True)).to_be_visible(timeout=PATIENCE)


def test_a_fetch_that_broke_off_is_made_again(person: Visitor, deployment: str) -> None:
    page, broken = person.go("/deployments"), list[Route]()

    def break_off(route: Route) -> None:
        """The first one alone."""
        if broken:
            route.continue_()
        else:
            broken.append(route)
            route.abort("connectionreset")

    page.wait_for_function("document.documentElement.dataset.live === 'open'")
    page.route("**/deployments", break_off)
    person.stack.shell(RENAME.format(pk=deployment, name="Afterwards"))
    expect(page.get_by_role("link", name="Afterwards", exact=True)).to_be_visible(timeout=PATIENCE)
    assert broken


def wait_until(page: Page, condition: Callable[[], object]) -> None:
    """Let the page go on until then."""
    for _ in range(PATIENCE // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It never came to that.")
