"""The start page."""

from collections.abc import Callable

from django.test import Client
from django.utils import timezone

from connections.models import Connection, Integration
from deployments import keys
from deployments.models import Deployment, Release
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.scenery import make_deployment
from wizard import draft as drafts

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]


def use_a_key(tenant: Tenant) -> None:
    key, _ = keys.mint(create_project(tenant, "Laptop"), "tests")
    key.last_used_at = timezone.now()
    key.save()


def test_an_empty_workspace_is_shown_the_way(browser: Client, notion: Integration) -> None:
    page = browser.get("/").text
    assert "Getting started" in page
    assert "Three steps" in page
    assert "/connections/connect/notion" in page


def test_a_provider_that_is_not_set_up_is_not_suggested(browser: Client, db: None) -> None:
    assert "/connections/connect/notion" not in browser.get("/").text


def test_with_an_account_the_next_step_is_a_tool(browser: Client, tenant: Tenant, make_connection: Make) -> None:
    make_connection(tenant, "notion")
    page = browser.get("/").text
    assert "2 steps left" in page
    assert "Choose a tool" in page


def test_while_the_first_tool_deploys_the_guide_leads_there(
    browser: Client, tenant: Tenant, release: Release, make_connection: Make
) -> None:
    make_connection(tenant, "notion")
    make_deployment(tenant, release, status=Deployment.Status.DEPLOYING)
    assert "See how My importer is doing" in browser.get("/").text


def test_a_running_tool_can_be_opened(browser: Client, tenant: Tenant, release: Release, make_connection: Make) -> None:
    make_connection(tenant, "notion")
    make_deployment(tenant, release)
    page = browser.get("/").text
    assert "Open your tool" in page
    assert 'rel="noopener noreferrer"' in page


def test_the_guide_goes_when_a_token_was_fetched(browser: Client, tenant: Tenant, make_connection: Make) -> None:
    make_connection(tenant, "notion")
    use_a_key(tenant)
    page = browser.get("/").text
    assert "Getting started" not in page
    assert "Welcome back" in page


def test_a_connection_in_trouble_comes_first(browser: Client, tenant: Tenant, make_connection: Make) -> None:
    connection = make_connection(tenant, "notion", status="needs_reauth", error_message="Notion ended it.")
    page = browser.get("/").text
    assert "1 connection needs your attention" in page
    assert "Notion ended it." in page
    assert f"/connections/connect/notion?connection={connection.pk}" in page


def test_a_draft_can_be_taken_up_again(browser: Client, tenant: Tenant, member: User, release: Release) -> None:
    draft = drafts.start(tenant, member, release)
    assert f"/deploy/{draft.pk}" in browser.get("/").text


def test_a_viewer_is_offered_nothing_to_change(
    client_for: SignIn, viewer: User, tenant: Tenant, notion: Integration, make_connection: Make
) -> None:
    make_connection(tenant, "notion", status="needs_reauth")
    assert "data-connect-popup" not in client_for(viewer).get("/").text


def test_a_stranger_sees_a_workspace_of_their_own(
    client_for: SignIn, stranger: User, tenant: Tenant, release: Release, make_connection: Make
) -> None:
    make_connection(tenant, "notion", status="needs_reauth", display_name="Acme's wiki")
    make_deployment(tenant, release)
    page = client_for(stranger).get("/").text
    assert "Acme" not in page
    assert "My importer" not in page


def test_it_is_only_looked_at(browser: Client) -> None:
    assert browser.post("/").status_code == 405
