"""The pages of deployments."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from connections.models import Integration
from deployments import runtimes
from deployments.models import App, DeployLog, Deployment
from deployments.runtimes import Output
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release

type SignIn = Callable[[User], Client]

TABS = ["", "/connections", "/logs", "/environment", "/activity"]
UNWELL = {"step": "health_check", "message": "It never answered.", "remedy": "Does it listen on PORT?"}


class Quiet:
    """A runtime that only has something to read."""

    def output(self, deployment: Deployment, since: str = "", lines: int | None = None) -> Output:
        return Output(["listening on 8101"], "1")


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "current", Quiet)


@pytest.fixture
def deployment(tenant: Tenant, notion: Integration, googledrive: Integration) -> Deployment:
    return make_deployment(tenant, make_release())


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def fail(deployment: Deployment, **failure: str) -> None:
    deployment.status, deployment.current_step, deployment.failure = "failed", "health_check", UNWELL | failure
    deployment.save()
    DeployLog.everyone.create(
        tenant=deployment.tenant,
        deployment=deployment,
        step="health_check",
        outcome=DeployLog.Outcome.FAILED,
        level=DeployLog.Level.ERROR,
        message="It never answered.",
        metadata={"output": "ImportError: no flask"},
    )


# --- the list


def test_the_list_shows_state_and_address(browser: Client, deployment: Deployment) -> None:
    page = browser.get("/deployments").text
    assert "My importer" in page
    assert 'data-status="running"' in page
    assert 'href="http://127.0.0.1:8101" target="_blank" rel="noopener noreferrer"' in page


def test_an_empty_list_says_how_to_begin(browser: Client) -> None:
    page = browser.get("/deployments").text
    assert "Nothing runs yet" in page
    assert 'href="/tools"' in page


def test_what_was_destroyed_is_gone_from_the_list(browser: Client, deployment: Deployment) -> None:
    Deployment.everyone.update(status=Deployment.Status.DESTROYED)
    assert "My importer" not in browser.get("/deployments").text


def test_the_list_is_each_tenants_own(client_for: SignIn, stranger: User, deployment: Deployment) -> None:
    assert "My importer" not in client_for(stranger).get("/deployments").text


def test_a_viewer_is_not_asked_to_deploy(client_for: SignIn, viewer: User, deployment: Deployment) -> None:
    assert "Deploy a tool" not in client_for(viewer).get("/deployments").text


# --- one deployment


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_has_the_head_and_says_where_one_is(browser: Client, deployment: Deployment, tab: str) -> None:
    page = browser.get(f"/deployments/{deployment.pk}{tab}").text
    assert "Open tool" in page
    assert f'href="/deployments/{deployment.pk}{tab}" aria-current="page"' in page


@pytest.mark.parametrize("tab", TABS)
def test_a_viewer_sees_every_tab(client_for: SignIn, viewer: User, deployment: Deployment, tab: str) -> None:
    page = client_for(viewer).get(f"/deployments/{deployment.pk}{tab}")
    assert page.status_code == 200
    assert "data-connect-popup" not in page.text


@pytest.mark.parametrize("tab", TABS)
def test_a_stranger_finds_nothing(client_for: SignIn, stranger: User, deployment: Deployment, tab: str) -> None:
    assert client_for(stranger).get(f"/deployments/{deployment.pk}{tab}").status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_tabs_are_only_looked_at(browser: Client, deployment: Deployment, tab: str) -> None:
    assert browser.post(f"/deployments/{deployment.pk}{tab}").status_code == 405


def test_an_unknown_one_is_not_found(browser: Client) -> None:
    assert browser.get(f"/deployments/{uuid4()}").status_code == 404


def test_while_it_deploys_the_page_keeps_asking(browser: Client, deployment: Deployment) -> None:
    Deployment.everyone.update(status="deploying", current_step="boot", url="")
    page = browser.get(f"/deployments/{deployment.pk}").text
    assert "6 of 10 steps" in page
    assert "every 5s" in page
    assert "Open tool" not in page


def test_once_it_runs_the_page_waits_to_be_told(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}").text
    assert "every 5s" not in page
    assert f"deployment-{deployment.pk}-changed from:body" in page


# --- when it failed


def test_a_failure_says_what_happened_and_what_to_do(browser: Client, deployment: Deployment) -> None:
    fail(deployment)
    page = browser.get(f"/deployments/{deployment.pk}").text
    for said in ("Waiting for the tool to answer", "It never answered.", "Does it listen on PORT?", "no flask"):
        assert said in page
    assert "Retry" in page


def test_a_failure_that_a_connect_mends_offers_it(browser: Client, deployment: Deployment) -> None:
    fail(deployment, slug="notion")
    page = browser.get(f"/deployments/{deployment.pk}").text
    assert "/connections/connect/notion?intent=" in page


def test_retry_goes_on(browser: Client, deployment: Deployment) -> None:
    fail(deployment)
    answer = browser.post(f"/deployments/{deployment.pk}/retry")
    assert answer.headers["Location"] == f"/deployments/{deployment.pk}"
    deployment.refresh_from_db()
    assert (deployment.status, deployment.current_step) == ("degraded", "health_check")


def test_what_did_not_fail_is_not_retried(browser: Client, deployment: Deployment) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/retry", follow=True)
    assert "nothing to retry" in answer.text
    deployment.refresh_from_db()
    assert deployment.status == "running"


def test_a_viewer_may_not_retry(client_for: SignIn, viewer: User, deployment: Deployment) -> None:
    fail(deployment)
    client = client_for(viewer)
    assert f"/deployments/{deployment.pk}/retry" not in client.get(f"/deployments/{deployment.pk}").text
    assert client.post(f"/deployments/{deployment.pk}/retry").status_code == 403


def test_a_stranger_may_not_retry(client_for: SignIn, stranger: User, deployment: Deployment) -> None:
    fail(deployment)
    assert client_for(stranger).post(f"/deployments/{deployment.pk}/retry").status_code == 404


def test_retry_is_a_post(browser: Client, deployment: Deployment) -> None:
    assert browser.get(f"/deployments/{deployment.pk}/retry").status_code == 405


# --- its tabs


def test_the_app_of_a_deployment_leads_back(browser: Client, deployment: Deployment) -> None:
    app: App = deployment.app
    assert f"/deployments/{deployment.pk}" in browser.get(f"/apps/{app.pk}").text
