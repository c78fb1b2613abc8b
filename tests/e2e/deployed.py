"""Deployments from outside: launched, found on their page, asked at their address, and gone at the end."""

import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import APIResponse, BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.e2e.stack import Stack

if TYPE_CHECKING:
    from tests.e2e.conftest import Visitor

TOOLS = Path(__file__).parent / "tools"
PATIENCE = 120.0  # seconds; packages are installed in it, on a machine that has other things to do
SLOWLY = PATIENCE * 1000  # the same for pages, in milliseconds
LIVE = 30_000  # milliseconds until an open page shows what happened elsewhere

DEPLOYMENT = re.compile(r'href="/deployments/([0-9a-f-]{36})"')
# Gives a person the place in another's workspace, in place of their own.
JOIN = """
from tenants.models import Membership
theirs = Membership.objects.get(user__email="{host}")
Membership.objects.filter(user__email="{guest}").update(tenant=theirs.tenant, role="{role}")
"""


class Tool:
    """A running tool, to be asked; all of its answers are JSON."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def ask(self, path: str = "/") -> Any:
        """What it says there."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=20) as answer:
            return json.load(answer)

    def until(self, path: str, condition: Callable[[Any], Any]) -> Any:
        """Ask until the answer is as it should be; shows the last one when it never is."""
        deadline, found = time.monotonic() + PATIENCE, None
        while time.monotonic() < deadline:
            try:
                found = self.ask(path)
            except (OSError, ValueError):
                found = "no answer"
            else:
                if condition(found):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"{path} went on to say {found}")

    def hears(self, kind: str, **more: str) -> Any:
        """Wait for an event of Notion's; returns it."""
        wanted = {"kind": kind, "slug": "notion"} | more
        heard = self.until("/heard", lambda events: any(wanted.items() <= event.items() for event in events))
        return next(event for event in reversed(heard) if wanted.items() <= event.items())

    def is_silent(self) -> bool:
        """Whether nobody answers at its address."""
        try:
            self.ask()
        except urllib.error.HTTPError:
            return False
        except OSError:
            return True
        return False


def variant(folder: Path, tool: str, slug: str, **changes: object) -> Path:
    """One of `tools/` under another slug, with `changes` to its template; returns its folder, to be published."""
    target = folder / slug
    shutil.copytree(TOOLS / tool, target, dirs_exist_ok=True)
    template = json.loads((target / "template.json").read_text()) | {"slug": slug} | changes
    declared = {"name": slug, "version": 1, "runtime": "python", "integrations": template["integrations"]}
    (target / "template.json").write_text(json.dumps(template))
    (target / "vendo.yaml").write_text(json.dumps(declared))  # JSON is YAML
    return target


def publish(stack: Stack, *folders: Path) -> None:
    """All in one process, since starting one takes longest."""
    paths = [str(folder) for folder in folders]
    stack.shell(f"from django.core.management import call_command\nfor p in {paths!r}: call_command('publish_tool', p)")


def launch(person: "Visitor", tool: str, accounts: Mapping[str, str] = {}) -> str:
    """Deploy a tool with these connections (slug → id), stand on its page until it runs; returns the address there."""
    body = {"toolSlug": tool, "selectedBindings": dict(accounts)}
    answer = post(person.context, person.stack.url, "/api/deploy", body)
    assert answer.status == 201, answer.text()
    path = f"/deployments/{answer.json()['deploymentId']}"
    shows(person.go(path), "Running")
    return path


def tool_of(page: Page) -> Tool:
    """The tool that a deployment's page leads to."""
    link = page.get_by_role("link", name="Open tool").get_attribute("href")
    assert link
    return Tool(link)


def shows(page: Page, status: str) -> None:
    """Wait until the open page of a deployment says that this is its state."""
    badge = page.locator("#deployment-head [role=status] .badge").first
    expect(badge).to_have_text(re.compile(rf"^\s*{status}\s*$"), timeout=SLOWLY)


def manage(page: Page, action: str) -> None:
    """Choose from a deployment's menu."""
    page.locator("summary", has_text="Manage").click()
    page.locator("#deployment-manage .menu__item", has_text=re.compile(rf"^\s*{re.escape(action)}")).click()


def upgrading(page: Page, version: str) -> None:
    """On to the page that offers a newer version. The head may be fetched anew during a click, which then is lost."""
    deadline = time.monotonic() + PATIENCE
    while not page.url.endswith("/upgrade"):
        assert time.monotonic() < deadline, "The link to the upgrade leads nowhere."
        page.get_by_role("link", name=f"Upgrade to {version}").click()
        with suppress(NotInTime):
            page.wait_for_url("**/upgrade", timeout=5000)


def banner(page: Page) -> Locator:
    """What offers a restart, where there is something to apply."""
    return page.locator("[data-restart]")


def account(person: "Visitor", name: str = "ada") -> str:
    """Connect that person's Notion on the Connections page; returns the connection's id."""
    page = person.go("/connections")
    person.connect(page.locator("#connect-notion").inner_text(), account=name)  # or "Connect another account"
    row = page.locator("#connections-mine").get_by_role("link", name=f"{name.capitalize()}'s workspace")
    address = row.get_attribute("href")
    assert address
    return address.rpartition("/")[2]


def join(guest: "Visitor", host: "Visitor", role: str) -> None:
    """`guest` is from now on in `host`'s workspace, and in no other."""
    guest.stack.shell(JOIN.format(guest=guest.email, host=host.email, role=role))


def destroy_all(context: BrowserContext, url: str) -> None:
    """End what the person at a browser has deployed, and wait until it is gone: others need the machine."""
    listed = context.request.get(f"{url}/deployments").text()
    ending = {pk for pk in DEPLOYMENT.findall(listed) if _ends(post(context, url, f"/api/deployments/{pk}/destroy"))}
    deadline = time.monotonic() + PATIENCE
    while ending and time.monotonic() < deadline:
        rows = [context.request.get(f"{url}/api/deployments/{pk}").json() for pk in ending]
        ending = {row["id"] for row in rows if row["status"] != "destroyed"}
        time.sleep(0.1)
    assert not ending, f"Not destroyed in time: {ending}"


def _ends(answer: APIResponse) -> bool:
    """Whether it will be gone; not where somebody looks on who may not destroy it."""
    assert answer.status in {200, 403, 409}, answer.text()
    return answer.status != 403


def post(context: BrowserContext, url: str, path: str, body: object = None) -> APIResponse:
    """As the dashboard's own scripts do."""
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies(url)}
    return context.request.post(f"{url}{path}", data=body or {}, headers={"X-CSRFToken": cookies.get("vendo_csrf", "")})
