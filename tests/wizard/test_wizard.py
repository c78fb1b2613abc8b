"""What holds for every step of the wizard."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from connections.models import Connection, Integration
from deployments.models import Release
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release
from wizard import draft as drafts
from wizard.models import Draft

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]

STEPS = ["connect", "details", "review"]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_shows_the_way(browser: Client, draft: Draft, step: str) -> None:
    page = browser.get(f"/deploy/{draft.pk}/{step}")
    assert page.status_code == 200
    assert page.text.count('aria-current="step"') == 1
    for other in STEPS:
        assert f'href="/deploy/{draft.pk}/{other}"' in page.text


def test_details_nobody_has_seen_are_not_complete(
    browser: Client, tenant: Tenant, member: User, notion: Integration, make_connection: Make
) -> None:
    make_connection(tenant, "notion")
    draft = drafts.start(tenant, member, make_release(inputs=()))  # nothing to ask, so nothing stands against a launch
    assert "complete" not in browser.get(f"/deploy/{draft.pk}/connect").text
    assert browser.get(f"/deploy/{draft.pk}").headers["Location"] == f"/deploy/{draft.pk}/details"
    browser.post(f"/deploy/{draft.pk}/details", {"name": draft.name, "slug": draft.slug})
    assert browser.get(f"/deploy/{draft.pk}/connect").text.count(", complete") == 1
    assert browser.get(f"/deploy/{draft.pk}").headers["Location"] == f"/deploy/{draft.pk}/review"


@pytest.mark.parametrize("step", STEPS)
def test_steps_are_not_kept_by_caches(browser: Client, draft: Draft, step: str) -> None:
    assert "no-store" in browser.get(f"/deploy/{draft.pk}/{step}").headers["Cache-Control"]


@pytest.mark.parametrize("step", [*STEPS, "connect/save", "discard"])
def test_a_viewer_deploys_nothing(client_for: SignIn, viewer: User, draft: Draft, step: str) -> None:
    assert client_for(viewer).post(f"/deploy/{draft.pk}/{step}").status_code == 403


@pytest.mark.parametrize("step", [*STEPS, "connect/save", "discard"])
def test_a_stranger_finds_nothing(client_for: SignIn, stranger: User, draft: Draft, step: str) -> None:
    assert client_for(stranger).post(f"/deploy/{draft.pk}/{step}").status_code == 404
    assert Draft.everyone.exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_stranger_sees_nothing(client_for: SignIn, stranger: User, draft: Draft, step: str) -> None:
    assert client_for(stranger).get(f"/deploy/{draft.pk}/{step}").status_code == 404


@pytest.mark.parametrize("step", [*STEPS, "nonsense"])
def test_unknown_drafts_and_steps_are_not_found(browser: Client, draft: Draft, step: str) -> None:
    assert browser.get(f"/deploy/{uuid4()}/{step}").status_code == 404
    assert browser.get(f"/deploy/{draft.pk}/nonsense").status_code == 404


def test_another_member_of_the_workspace_may_go_on(client_for: SignIn, owner: User, draft: Draft) -> None:
    assert client_for(owner).get(f"/deploy/{draft.pk}/connect").status_code == 200


@pytest.mark.parametrize("step", [*STEPS, "connect/save", "discard"])
def test_a_launched_draft_leads_to_its_deployment(browser: Client, draft: Draft, step: str) -> None:
    draft.deployment = make_deployment(draft.tenant, draft.release)
    draft.save()
    answer = browser.post(f"/deploy/{draft.pk}/{step}")
    assert answer.headers["Location"] == f"/deployments/{draft.deployment.pk}"


def test_discarding_keeps_what_was_connected(browser: Client, draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion")
    answer = browser.post(f"/deploy/{draft.pk}/discard", follow=True)
    assert "Discarded." in answer.text
    assert not Draft.everyone.exists()
    assert Connection.everyone.get().live


def test_discarding_is_a_post(browser: Client, draft: Draft) -> None:
    # A step of that name does not exist, and so a link can't do it.
    assert browser.get(f"/deploy/{draft.pk}/discard").status_code == 405
    assert Draft.everyone.exists()


def test_one_goes_on_where_something_is_to_do(browser: Client, draft: Draft, make_connection: Make) -> None:
    assert browser.get(f"/deploy/{draft.pk}").headers["Location"] == f"/deploy/{draft.pk}/connect"
    make_connection(draft.tenant, "notion")
    assert browser.get(f"/deploy/{draft.pk}").headers["Location"] == f"/deploy/{draft.pk}/details"
    drafts.fill_in(draft, name="Ours", slug="ours", inputs={"DATABASE": "pages"})
    assert browser.get(f"/deploy/{draft.pk}").headers["Location"] == f"/deploy/{draft.pk}/review"


def test_a_tool_without_integrations_has_no_connect_step(browser: Client, draft: Draft) -> None:
    draft.release.template["integrations"] = []
    draft.release.save()
    assert browser.get(f"/deploy/{draft.pk}/connect").headers["Location"] == f"/deploy/{draft.pk}/details"
    assert "Step 1 of 2" in browser.get(f"/deploy/{draft.pk}/details").text


def test_a_withdrawn_tool_leads_back_to_its_page(browser: Client, draft: Draft) -> None:
    Release.objects.update(status=Release.Status.WITHDRAWN)
    assert browser.post(f"/deploy/{draft.pk}/review").headers["Location"] == "/tools/importer"
