"""The browser, and people in it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.deployed import destroy_all
from tests.e2e.stack import Stack
from tests.podman import obstacle, podman
from tests.services import postgres, redis

PASSWORD = "correct horse battery"
_numbers = count(1)
# What is between browser and pages is the same on either database.
on_one_stack = pytest.mark.parametrize("stack", ["postgres"], indirect=True)
# What depends on how tools are run, and not on the database. Docker's is on PostgreSQL as well.
on_each_runtime = pytest.mark.parametrize("stack", ["postgres", "docker"], indirect=True)

STACKS = ["sqlite", "postgres", "docker"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of one stack in a row, so that each is started once; they come first, as they take longest."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """Where its stack stands in the list; behind all of them, where it has none."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return STACKS.index(str(parameters["stack"])) if "stack" in parameters else len(STACKS)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product: on SQLite with the in-memory layer, and on PostgreSQL with Redis; there with containers, too.

    All tests share it, each with people of its own. Whoever kills a process or changes the provider mends it again.
    """
    folder: Path = tmp_path_factory.mktemp(request.param)
    with ExitStack() as services:
        database_url, redis_url, docker_host = "", "", ""
        if request.param == "docker":
            if why := obstacle():
                pytest.skip(why)
            docker_host = services.enter_context(podman())
        if request.param != "sqlite":
            database_url, redis_url = services.enter_context(postgres()), services.enter_context(redis())
        running = services.enter_context(Stack(folder, database_url, redis_url, docker_host))
        yield running


@dataclass
class Visitor:
    """A person at a browser; `page` is their tab."""

    stack: Stack
    context: BrowserContext
    page: Page
    email: str = ""

    def go(self, path: str) -> Page:
        """Open a page of the dashboard."""
        self.page.goto(f"{self.stack.url}{path}")
        return self.page

    def sign_up(self) -> None:
        """From nothing to the overview of a workspace of one's own."""
        number = next(_numbers)
        self.email = f"person{number}@example.com"
        page = self.go("/accounts/signup/")
        page.get_by_label("Email").fill(self.email)
        page.locator("input[name=password1]").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        page.locator("input[name=code]").fill(self.stack.mailed_code(self.email))
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Workspace address").fill(f"workspace-{number}")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("heading", name="Getting started").wait_for()

    def mint(self, project: str) -> str:
        """A new project's first key, as its page shows it once."""
        page = self.go("/apps/new")
        page.get_by_label("Name").fill(project)
        page.get_by_role("button", name="Create project").click()
        page.get_by_label("Name").first.fill("first key")
        page.get_by_role("button", name="Create key").click()
        return page.get_by_text(re.compile(r"^\s*vendo_sk_[\w-]{32}\s*$")).first.inner_text().strip()

    def consent(self, popup: Page, *, account: str = "ada", allow: bool = True) -> None:
        """In the connect window: on to the provider, choose an account, answer."""
        popup.get_by_role("link", name="Continue to").or_(popup.get_by_role("link", name="Connect another")).click()
        popup.locator(f"input[value={account}]").check()
        popup.get_by_role("button", name="Allow" if allow else "Deny").click()

    def connect(self, label: str, account: str = "ada") -> None:
        """Press a connect button of the page one is on, and go through the window until it has closed by itself."""
        with self.page.expect_popup() as opened:
            self.page.get_by_role("link", name=label).first.click()
        popup = opened.value
        with popup.expect_event("close"):
            self.consent(popup, account=account)


@pytest.fixture
def visitor(stack: Stack, chromium: Browser) -> Iterator[Callable[[], Visitor]]:
    """Makes visitors, each with a browser of their own. What they have deployed ends with the test."""
    contexts: list[BrowserContext] = []

    def arrive() -> Visitor:
        context = chromium.new_context()
        context.set_default_timeout(30_000)
        contexts.append(context)
        return Visitor(stack, context, context.new_page())

    yield arrive
    for context in contexts:
        destroy_all(context, stack.url)
        context.close()


@pytest.fixture
def person(visitor: Callable[[], Visitor]) -> Visitor:
    """Somebody who has just signed up."""
    somebody = visitor()
    somebody.sign_up()
    return somebody
