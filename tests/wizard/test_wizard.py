"""What holds for every phase of the wizard."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from connections.models import Connection, Integration
from deployments.models import Release
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release
from tests.wizard.conftest import LAYOUT, fill_in
from wizard import draft as drafts
from wizard.models import Draft

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]

PHASES = ["connect", "details", "review"]
READS = [*(f"?phase={phase}" for phase in PHASES), "/connect/notion"]
WRITES = [*READS, "/save?phase=connect", "/discard"]


def where_to(browser: Client, draft: Draft) -> str:
    """Where somebody lands who comes back."""
    return browser.get(f"/deploy/{draft.pk}").headers["Location"].partition("?phase=")[2]


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_shows_the_way(browser: Client, draft: Draft, phase: str) -> None:
    page = browser.get(f"/deploy/{draft.pk}?phase={phase}")
    assert page.status_code == 200
    assert page.text.count('aria-current="step"') == 1
    for number in range(1, 4):
        assert f"Step {number} of 3" in page.text


def test_a_step_that_nobody_has_gone_through_is_not_complete(
    browser: Client, tenant: Tenant, member: User, notion: Integration, make_connection: Make
) -> None:
    connection = make_connection(tenant, "notion")
    draft = drafts.start(tenant, member, make_release(inputs=(), layout=LAYOUT))  # nothing stands against a launch
    assert where_to(browser, draft) == "connect"
    browser.post(f"/deploy/{draft.pk}?phase=connect", {"connection-notion": str(connection.pk)})
    assert where_to(browser, draft) == "details"
    browser.post(f"/deploy/{draft.pk}?phase=details", {"name": draft.name, "slug": draft.slug})
    assert where_to(browser, draft) == "review"
    assert browser.get(f"/deploy/{draft.pk}?phase=review").text.count(", complete") == 2


@pytest.mark.parametrize("path", READS)
def test_phases_are_not_kept_by_caches(browser: Client, draft: Draft, path: str) -> None:
    assert "no-store" in browser.get(f"/deploy/{draft.pk}{path}").headers["Cache-Control"]


@pytest.mark.parametrize("path", WRITES)
def test_a_viewer_deploys_nothing(client_for: SignIn, viewer: User, draft: Draft, path: str) -> None:
    assert client_for(viewer).post(f"/deploy/{draft.pk}{path}").status_code == 403


@pytest.mark.parametrize("path", WRITES)
def test_a_stranger_changes_nothing(client_for: SignIn, stranger: User, draft: Draft, path: str) -> None:
    theirs, nobodys = (client_for(stranger).post(f"/deploy/{identity}{path}") for identity in (draft.pk, uuid4()))
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace(str(draft.pk), "") == theirs.text
    before, after = draft.updated_at, Draft.everyone.get().updated_at
    assert before == after


@pytest.mark.parametrize("path", READS)
def test_a_stranger_sees_nothing(client_for: SignIn, stranger: User, draft: Draft, path: str) -> None:
    assert client_for(stranger).get(f"/deploy/{draft.pk}{path}").status_code == 404


@pytest.mark.parametrize("path", READS)
def test_unknown_drafts_are_not_found(browser: Client, draft: Draft, path: str) -> None:
    assert browser.get(f"/deploy/{uuid4()}{path}").status_code == 404


@pytest.mark.parametrize("phase", ["", "nonsense", "connect/", "%00"])
def test_an_unknown_phase_leads_to_where_something_is_to_do(browser: Client, draft: Draft, phase: str) -> None:
    answer = browser.get(f"/deploy/{draft.pk}?phase={phase}")
    assert answer.headers["Location"] == f"/deploy/{draft.pk}?phase=connect"


def test_another_member_of_the_workspace_may_go_on(client_for: SignIn, owner: User, draft: Draft) -> None:
    assert client_for(owner).get(f"/deploy/{draft.pk}?phase=connect").status_code == 200


@pytest.mark.parametrize("path", [path for path in WRITES if path != "/connect/notion"])
def test_a_launched_draft_leads_to_its_deployment(browser: Client, draft: Draft, path: str) -> None:
    draft.deployment = make_deployment(draft.tenant, draft.release)
    draft.save()
    answer = browser.post(f"/deploy/{draft.pk}{path}")
    assert answer.headers["Location"] == f"/deployments/{draft.deployment.pk}"


def test_discarding_keeps_what_was_connected(browser: Client, draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion")
    answer = browser.post(f"/deploy/{draft.pk}/discard", follow=True)
    assert "Discarded." in answer.text
    assert not Draft.everyone.exists()
    assert Connection.everyone.get().live


def test_discarding_is_a_post(browser: Client, draft: Draft) -> None:
    assert browser.get(f"/deploy/{draft.pk}/discard").status_code == 405
    assert Draft.everyone.exists()


def test_one_goes_on_where_something_is_to_do(browser: Client, draft: Draft, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion")
    browser.post(f"/deploy/{draft.pk}?phase=connect", {"connection-notion": str(connection.pk)})
    fill_in(draft, DATABASE="pages")
    browser.post(f"/deploy/{draft.pk}?phase=details")
    assert where_to(browser, draft) == "review"
    Connection.everyone.update(status="revoked")
    assert where_to(browser, draft) == "connect"


def test_a_page_without_anything_to_ask_is_left_out(browser: Client, draft: Draft) -> None:
    draft.release.template["integrations"] = []
    draft.release.save()
    assert browser.get(f"/deploy/{draft.pk}?phase=connect").headers["Location"].endswith("phase=details")
    assert "Step 1 of 2" in browser.get(f"/deploy/{draft.pk}?phase=details").text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_withdrawn_tool_leads_back_to_its_page(browser: Client, draft: Draft, method: str) -> None:
    Release.objects.update(status=Release.Status.WITHDRAWN)
    answer = getattr(browser, method)(f"/deploy/{draft.pk}?phase=review")
    assert answer.headers["Location"] == "/tools/importer"
