"""The tools, and the button that begins a draft."""

from collections.abc import Callable

from django.test import Client

from deployments.models import Release
from tenants.models import Tenant, User
from tests.scenery import make_deployment
from wizard.models import Draft

type SignIn = Callable[[User], Client]


def test_the_shelf_says_what_each_tool_works_with(browser: Client, release: Release) -> None:
    page = browser.get("/tools").text
    assert "Brings pages over." in page
    assert "Google Drive <span" in page
    assert "Release 1.0.0" in page


def test_an_empty_shelf_says_how_tools_come_there(browser: Client) -> None:
    assert "No tools yet" in browser.get("/tools").text


def test_a_withdrawn_tool_is_not_on_the_shelf(browser: Client, release: Release) -> None:
    Release.objects.update(status=Release.Status.WITHDRAWN)
    assert "Importer" not in browser.get("/tools").text
    assert "Not available at the moment" in browser.get("/tools/importer").text


def test_a_tool_shows_where_it_runs_already(browser: Client, tenant: Tenant, release: Release) -> None:
    deployment = make_deployment(tenant, release)
    assert f"/deployments/{deployment.pk}" in browser.get("/tools/importer").text


def test_deploy_begins_a_draft(browser: Client, member: User, release: Release) -> None:
    answer = browser.post("/tools/importer/deploy")
    draft = Draft.everyone.get()
    assert answer.headers["Location"] == f"/deploy/{draft.pk}?phase=connect"
    assert (draft.user, draft.release) == (member, release)


def test_a_tool_without_integrations_begins_with_the_details(browser: Client, release: Release) -> None:
    release.template["integrations"] = []
    release.save()
    assert browser.post("/tools/importer/deploy").headers["Location"].endswith("?phase=details")


def test_an_open_draft_is_offered_first(browser: Client, draft: Draft) -> None:
    assert "Continue your draft" in browser.get("/tools").text
    page = browser.get("/tools/importer").text
    assert "You have begun to deploy this tool" in page
    assert "Start a new one" in page


def test_a_withdrawn_tool_is_not_begun(browser: Client, release: Release) -> None:
    Release.objects.update(status=Release.Status.WITHDRAWN)
    assert browser.post("/tools/importer/deploy").headers["Location"] == "/tools/importer"
    assert not Draft.everyone.exists()


def test_a_viewer_looks_but_does_not_deploy(client_for: SignIn, viewer: User, release: Release) -> None:
    client = client_for(viewer)
    assert "/tools/importer/deploy" not in client.get("/tools").text
    assert "/tools/importer/deploy" not in client.get("/tools/importer").text
    assert client.post("/tools/importer/deploy").status_code == 403


def test_other_peoples_drafts_are_theirs(client_for: SignIn, owner: User, draft: Draft) -> None:
    assert "Continue your draft" not in client_for(owner).get("/tools").text


def test_an_unknown_tool_is_not_found(browser: Client) -> None:
    assert browser.get("/tools/nonsense").status_code == 404
    assert browser.post("/tools/nonsense/deploy").status_code == 404


def test_deploy_is_a_post(browser: Client, release: Release) -> None:
    assert browser.get("/tools/importer/deploy").status_code == 405
