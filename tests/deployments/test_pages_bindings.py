"""The Connections tab of a deployment, and the banner above every tab."""

import html
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from connections.models import Connection, Integration
from deployments import bindings, runtimes
from deployments.models import Binding, Deployment
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.deployments.running import applied, bound, now
from tests.scenery import make_deployment, make_release

pytestmark = pytest.mark.django_db

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]

HTMX = {"hx-request": "true"}


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs here."""
    monkeypatch.setattr(runtimes, "current", object)


@pytest.fixture
def ada(tenant: Tenant, make_connection: Make) -> Connection:
    return make_connection(tenant, "notion", display_name="Ada's workspace", token="ada-token")


@pytest.fixture
def grace(tenant: Tenant, make_connection: Make) -> Connection:
    return make_connection(tenant, "notion", display_name="Grace's workspace", token="grace-token")


@pytest.fixture
def deployment(tenant: Tenant, notion: Integration, googledrive: Integration, ada: Connection) -> Deployment:
    """Runs with Ada's workspace; Drive is optional and has no account."""
    return bound(make_deployment(tenant, make_release(), name="Weekly import"), ada)


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def tab(browser: Client, deployment: Deployment) -> str:
    return html.unescape(browser.get(f"/deployments/{deployment.pk}/connections").text)


def use(browser: Client, deployment: Deployment, connection: object, **kwargs: Any) -> Any:
    path = f"/deployments/{deployment.pk}/connections/use"
    return browser.post(path, {"connection": getattr(connection, "pk", connection)}, **kwargs)


def remove(browser: Client, deployment: Deployment, slug: str = "notion", **kwargs: Any) -> Any:
    return browser.post(f"/deployments/{deployment.pk}/connections/{slug}/remove", **kwargs)


def account(deployment: Deployment, slug: str = "notion") -> str | None:
    found = bindings.binding(deployment.app, slug)
    return found.connection.display_name if found else None


def toasts(page: str) -> str:
    return " ".join(re.findall(r'class="toast.*?</div>', html.unescape(page), re.DOTALL))


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_it_shows_the_account_and_leads_to_it(browser: Client, deployment: Deployment, ada: Connection) -> None:
    page = tab(browser, deployment)
    assert "Ada's workspace" in page
    assert f'href="/connections/{ada.pk}"' in page


def test_the_other_accounts_can_be_chosen_and_its_own_can_not(
    browser: Client, deployment: Deployment, ada: Connection, grace: Connection
) -> None:
    assert re.findall(r'name="connection" value="([^"]+)"', tab(browser, deployment)) == [str(grace.pk)]


def test_only_live_accounts_of_this_workspace_can_be_chosen(
    browser: Client, deployment: Deployment, tenant: Tenant, other_tenant: Tenant, make_connection: Make
) -> None:
    make_connection(tenant, "notion", status="revoked", display_name="Long gone")
    make_connection(other_tenant, "notion", display_name="Somebody else's")
    make_connection(tenant, "notion", status="needs_reauth", display_name="Sleepy")
    page = tab(browser, deployment)
    assert "Long gone" not in page
    assert "Somebody else's" not in page
    assert "Sleepy" in page


def test_another_account_can_be_connected_from_here(browser: Client, deployment: Deployment) -> None:
    assert "/connections/connect/notion?intent=" in tab(browser, deployment)


def test_an_integration_without_account_can_be_connected(browser: Client, deployment: Deployment) -> None:
    page = tab(browser, deployment)
    assert "/connections/connect/googledrive?intent=" in page
    assert "The tool works without it." in page


def test_one_that_the_tool_needs_says_so(browser: Client, deployment: Deployment) -> None:
    bindings.unbind(deployment.app, "notion")
    assert "The tool needs it" in tab(browser, deployment)


def test_an_account_that_waits_for_a_new_sign_in_can_be_mended_here(
    browser: Client, deployment: Deployment, ada: Connection
) -> None:
    Connection.everyone.update(status="needs_reauth")
    assert f"/connections/connect/notion?connection={ada.pk}" in tab(browser, deployment)


def test_a_viewer_sees_the_accounts_and_no_way_to_change_them(
    client_for: SignIn, viewer: User, deployment: Deployment, grace: Connection
) -> None:
    page = tab(client_for(viewer), deployment)
    assert "Ada's workspace" in page
    assert "/connections/connect/" not in page
    assert "connections/use" not in page
    assert "/remove" not in page


def test_a_tool_without_integrations_says_so(browser: Client, tenant: Tenant) -> None:
    deployment = make_deployment(tenant, make_release("echo", integrations=[]))
    assert "Works without accounts" in tab(browser, deployment)


def test_accounts_cost_no_further_queries(
    browser: Client,
    deployment: Deployment,
    tenant: Tenant,
    make_connection: Make,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    for number in range(8):
        make_connection(tenant, "notion", display_name=f"Account {number}")
    with django_assert_max_num_queries(16):
        tab(browser, deployment)


# --- swapping ---------------------------------------------------------------------------------------------------------


def test_another_account_is_used_with_one_click(browser: Client, deployment: Deployment, grace: Connection) -> None:
    page = use(browser, deployment, grace, follow=True).text
    assert account(deployment) == "Grace's workspace"
    assert "Notion is now Grace's workspace." in toasts(page)


def test_the_record_has_the_person(browser: Client, deployment: Deployment, grace: Connection, member: User) -> None:
    use(browser, deployment, grace)
    assert deployment.activities.order_by("-pk")[0].actor == member


def test_an_open_tab_is_told_what_to_fetch_and_what_to_say(
    browser: Client, deployment: Deployment, grace: Connection
) -> None:
    answer = use(browser, deployment, grace, headers=HTMX)
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"]) == {
        "vendo-toast": {"text": "Notion is now Grace's workspace.", "tone": "ok"},
        f"bindings-{deployment.app_id}-changed": {},
    }
    assert f"bindings-{deployment.app_id}-changed from:body" in tab(browser, deployment)


def test_an_account_that_tools_share_stays_with_the_others(
    browser: Client, tenant: Tenant, deployment: Deployment, ada: Connection, grace: Connection
) -> None:
    other = bound(make_deployment(tenant, make_release("second"), slug="second"), ada)
    use(browser, deployment, grace)
    assert account(other) == "Ada's workspace"


def test_an_account_in_use_elsewhere_says_where(
    browser: Client,
    tenant: Tenant,
    extra_provider: Callable[..., Integration],
    make_connection: Make,
) -> None:
    extra_provider("parrot", exclusive=True)
    bot = make_connection(tenant, "parrot", display_name="Parrot bot")
    release = make_release("birds", integrations=[{"provider": "parrot"}])
    first = make_deployment(tenant, release, name="First bird", slug="first")
    second = make_deployment(tenant, release, name="Second bird", slug="second")
    bindings.bind(first.app, bot)
    page = tab(browser, second)
    assert "Serves First bird already" in page
    assert f'href="/deployments/{first.pk}/connections"' in page
    assert f'value="{bot.pk}"' not in page
    refused = use(browser, second, bot, follow=True).text
    assert "serves First bird already" in toasts(refused)
    assert account(second, "parrot") is None


def test_an_account_in_use_by_a_project_leads_to_the_project(
    browser: Client, tenant: Tenant, extra_provider: Callable[..., Integration], make_connection: Make
) -> None:
    extra_provider("parrot", exclusive=True)
    project = create_project(tenant, "Laptop")
    bindings.bind(project, make_connection(tenant, "parrot"))
    deployment = make_deployment(tenant, make_release("birds", integrations=[{"provider": "parrot"}]))
    page = tab(browser, deployment)
    assert "Serves Laptop already" in page
    assert f'href="/apps/{project.pk}"' in page


def test_a_disconnected_one_is_refused_in_words(browser: Client, deployment: Deployment, grace: Connection) -> None:
    Connection.everyone.filter(pk=grace.pk).update(status="revoked")
    assert "was disconnected" in toasts(use(browser, deployment, grace, follow=True).text)
    assert account(deployment) == "Ada's workspace"


def test_what_is_no_account_of_ours_is_not_found(
    browser: Client, deployment: Deployment, other_tenant: Tenant, make_connection: Make
) -> None:
    for wanted in (make_connection(other_tenant, "notion"), uuid4(), "nonsense", ""):
        assert use(browser, deployment, wanted).status_code == 404
    assert account(deployment) == "Ada's workspace"


def test_one_that_its_operator_switched_off_is_not_found(
    browser: Client, deployment: Deployment, grace: Connection
) -> None:
    Integration.objects.filter(pk="notion").update(enabled=False)
    assert use(browser, deployment, grace).status_code == 404


def test_a_viewer_may_not(client_for: SignIn, viewer: User, deployment: Deployment, grace: Connection) -> None:
    assert use(client_for(viewer), deployment, grace).status_code == 403
    assert remove(client_for(viewer), deployment).status_code == 403
    assert account(deployment) == "Ada's workspace"


def test_a_stranger_finds_nothing(
    client_for: SignIn, stranger: User, deployment: Deployment, grace: Connection
) -> None:
    assert use(client_for(stranger), deployment, grace).status_code == 404
    assert remove(client_for(stranger), deployment).status_code == 404


def test_swapping_is_a_post(browser: Client, deployment: Deployment) -> None:
    assert browser.get(f"/deployments/{deployment.pk}/connections/use").status_code == 405


def test_one_that_is_gone_is_left_alone(browser: Client, deployment: Deployment, grace: Connection) -> None:
    Deployment.everyone.update(status="destroyed", desired_state="destroyed")
    assert use(browser, deployment, grace).status_code == 404
    assert remove(browser, deployment).status_code == 404


# --- removing ---------------------------------------------------------------------------------------------------------


def test_one_that_the_tool_needs_is_removed_after_a_warning(browser: Client, deployment: Deployment) -> None:
    path = f"/deployments/{deployment.pk}/connections/notion/remove"
    assert f'href="{path}"' in tab(browser, deployment)
    page = html.unescape(browser.get(path).text)
    assert "Importer needs Notion" in page
    assert "NOTION_TOKEN" in page
    assert account(deployment) == "Ada's workspace"
    done = remove(browser, deployment, follow=True).text
    assert account(deployment) is None
    assert "The account itself stays connected." in toasts(done)
    assert Connection.everyone.get().live


def test_an_optional_one_is_removed_at_once(
    browser: Client, deployment: Deployment, tenant: Tenant, make_connection: Make
) -> None:
    bindings.bind(deployment.app, make_connection(tenant, "googledrive"))
    assert f'action="/deployments/{deployment.pk}/connections/googledrive/remove"' in tab(browser, deployment)
    assert "needs Google Drive" not in browser.get(f"/deployments/{deployment.pk}/connections/googledrive/remove").text
    remove(browser, deployment, "googledrive")
    assert account(deployment, "googledrive") is None
    assert account(deployment) == "Ada's workspace"


@pytest.mark.parametrize("slug", ["googledrive", "nobody"])
def test_what_is_not_there_can_not_be_removed(browser: Client, deployment: Deployment, slug: str) -> None:
    assert remove(browser, deployment, slug).status_code == 404
    assert Binding.everyone.count() == 1


# --- the banner -------------------------------------------------------------------------------------------------------


TABS = ["", "/connections", "/environment", "/activity"]


def banner(browser: Client, deployment: Deployment, tab: str = "") -> str:
    """What is in the banner, tags and all; "" without one."""
    page = html.unescape(browser.get(f"/deployments/{deployment.pk}{tab}").text)
    found = re.search(r"data-restart(?: |>).*?</div>\s*(?:</form>|</div>)", page, re.DOTALL)
    return found.group() if found else ""


@pytest.mark.parametrize("tab", TABS)
def test_it_is_above_every_tab_and_says_what_changed(
    browser: Client, deployment: Deployment, grace: Connection, tab: str
) -> None:
    assert banner(browser, deployment, tab) == ""
    bindings.bind(deployment.app, grace)
    assert "Restart to apply" in banner(browser, deployment, tab)
    assert "Notion is now Grace's workspace (was Ada's workspace)" in banner(browser, deployment, tab)


def test_undone_or_applied_it_is_gone(
    browser: Client, deployment: Deployment, ada: Connection, grace: Connection
) -> None:
    bindings.bind(deployment.app, grace)
    bindings.bind(deployment.app, ada)
    assert banner(browser, deployment) == ""
    bindings.bind(deployment.app, grace)
    applied(now(deployment))
    assert banner(browser, deployment) == ""


def test_one_click_restarts(browser: Client, deployment: Deployment, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    path = f"/deployments/{deployment.pk}/restart"
    assert f'action="{path}"' in browser.get(f"/deployments/{deployment.pk}").text
    browser.post(path)
    assert now(deployment).operation == "restart"
    shown = banner(browser, deployment)
    assert "<progress" in shown
    assert "Restart to apply" not in shown


def test_a_viewer_sees_it_without_the_button(
    client_for: SignIn, viewer: User, deployment: Deployment, grace: Connection
) -> None:
    bindings.bind(deployment.app, grace)
    page = client_for(viewer).get(f"/deployments/{deployment.pk}").text
    assert "Restart to apply" in page
    assert "/restart" not in page


def test_it_shows_no_values(browser: Client, deployment: Deployment, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    page = browser.get(f"/deployments/{deployment.pk}/connections").text
    assert "ada-token" not in page
    assert "grace-token" not in page


def test_a_tool_that_restarts_by_itself_says_so(browser: Client, deployment: Deployment, grace: Connection) -> None:
    release = deployment.release
    template = release.template | {"restart_on": ["notion"]}
    type(release).objects.filter(pk=release.pk).update(template=template)
    assert "Weekly import restarts with it." in toasts(use(browser, deployment, grace, follow=True).text)
