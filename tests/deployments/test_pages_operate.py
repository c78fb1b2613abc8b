"""What people do to a deployment, as pages: what is offered, and how each answer looks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connections.models import Connection, Integration
from deployments import bindings, environment, keys, operations
from deployments.models import DeployLog, Deployment, Release
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]

VERBS = ["restart", "suspend", "resume", "rollback", "retry"]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def deployment(tenant: Tenant, notion: Integration, googledrive: Integration) -> Deployment:
    return make_deployment(tenant, make_release(status=Release.Status.SUPERSEDED))


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def page(browser: Client, deployment: Deployment, tab: str = "") -> str:
    return browser.get(f"/deployments/{deployment.pk}{tab}").text


def change(deployment: Deployment, **fields: object) -> None:
    Deployment.everyone.filter(pk=deployment.pk).update(**fields)


def link(deployment: Deployment, verb: str) -> str:
    return f'"/deployments/{deployment.pk}/{verb}"'


# --- what is offered


@pytest.mark.parametrize("tab", ["", "/connections", "/logs", "/environment"])
def test_every_tab_offers_what_makes_sense(browser: Client, deployment: Deployment, tab: str) -> None:
    shown = page(browser, deployment, tab)
    for verb in ("restart", "suspend", "destroy"):
        assert link(deployment, verb) in shown
    for verb in ("resume", "rollback", "retry"):
        assert link(deployment, verb) not in shown


def test_a_suspended_one_can_be_resumed(browser: Client, deployment: Deployment) -> None:
    change(deployment, status="suspended", desired_state="suspended")
    shown = page(browser, deployment)
    assert link(deployment, "resume") in shown
    assert link(deployment, "suspend") not in shown
    assert "Open tool" not in shown


def test_while_it_restarts_the_page_says_how_far_it_is(browser: Client, deployment: Deployment) -> None:
    operations.restart(deployment)
    shown = page(browser, deployment)
    for said in ("Restarting", "Waiting for a worker", 'max="3" value="0"', "every 5s"):
        assert said in shown
    assert link(deployment, "restart") not in shown


def test_the_list_says_what_is_under_way(browser: Client, deployment: Deployment) -> None:
    operations.destroy(deployment)
    assert "Destroying" in browser.get("/deployments").text


def test_what_was_done_last_is_shown_at_rest(browser: Client, deployment: Deployment) -> None:
    DeployLog.everyone.create(
        tenant=deployment.tenant, deployment=deployment, operation="restart", step="boot", outcome="done", message="Up."
    )
    shown = page(browser, deployment)
    assert "Last: restart" in shown
    assert "Up." in shown
    assert "Installing the tool" not in shown


def test_a_viewer_is_offered_nothing(client_for: SignIn, viewer: User, deployment: Deployment) -> None:
    make_release(version="2.0.0")
    shown = page(client_for(viewer), deployment)
    for verb in (*VERBS, "destroy", "upgrade"):
        assert link(deployment, verb) not in shown


@pytest.mark.parametrize("verb", [*VERBS, "destroy", "upgrade"])
def test_a_viewer_may_do_none_of_it(client_for: SignIn, viewer: User, deployment: Deployment, verb: str) -> None:
    assert client_for(viewer).post(f"/deployments/{deployment.pk}/{verb}").status_code == 403


@pytest.mark.parametrize("verb", [*VERBS, "destroy", "upgrade"])
def test_a_stranger_finds_nothing(client_for: SignIn, stranger: User, deployment: Deployment, verb: str) -> None:
    assert client_for(stranger).post(f"/deployments/{deployment.pk}/{verb}").status_code == 404


@pytest.mark.parametrize("verb", VERBS)
def test_a_link_alone_does_nothing(browser: Client, deployment: Deployment, verb: str) -> None:
    assert browser.get(f"/deployments/{deployment.pk}/{verb}").status_code == 405


# --- the verbs


@pytest.mark.parametrize("verb", ["restart", "suspend"])
def test_a_verb_leads_back_to_where_one_sees_it(
    browser: Client, member: User, deployment: Deployment, verb: str
) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/{verb}")
    assert answer.headers["Location"] == f"/deployments/{deployment.pk}"
    deployment.refresh_from_db()
    assert (deployment.operation, deployment.activities.get().actor) == (verb, member)


def test_htmx_is_told_that_the_page_should_look_again(browser: Client, deployment: Deployment) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/restart", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, f"deployment-{deployment.pk}-changed")


def test_what_makes_no_sense_is_told(browser: Client, deployment: Deployment) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/resume", follow=True)
    assert "My importer is not suspended." in answer.text


def test_what_makes_no_sense_is_told_to_htmx(browser: Client, deployment: Deployment) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/resume", headers=HTMX)
    assert (answer.status_code, answer.json()["message"]) == (409, "My importer is not suspended.")


# --- destroy


def test_before_the_end_one_reads_what_goes_and_what_stays(
    browser: Client, deployment: Deployment, make_connection: Make
) -> None:
    bindings.bind(deployment.app, make_connection(deployment.tenant, "notion", display_name="Our wiki"))
    keys.mint(deployment.app, "one")
    shown = page(browser, deployment, "/destroy")
    for said in ("What goes", "1 API key:", "Our wiki (Notion)", "What stays", "Type importer to confirm"):
        assert said in shown


@pytest.mark.parametrize("typed", ["", "Importer", "importer-2", "My importer"])
def test_the_slug_must_be_typed(browser: Client, deployment: Deployment, typed: str) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/destroy", {"confirm": typed})
    assert answer.status_code == 422
    assert "field__errors" in answer.text
    deployment.refresh_from_db()
    assert deployment.operation == ""


def test_with_the_slug_typed_it_ends(browser: Client, member: User, deployment: Deployment) -> None:
    answer = browser.post(f"/deployments/{deployment.pk}/destroy", {"confirm": "importer"})
    assert answer.headers["Location"] == f"/deployments/{deployment.pk}"
    deployment.refresh_from_db()
    assert (deployment.operation, deployment.desired_state) == ("destroy", "destroyed")
    assert deployment.activities.get().actor == member


def test_what_is_gone_is_not_destroyed_again(browser: Client, deployment: Deployment) -> None:
    change(deployment, status="destroyed", desired_state="destroyed")
    answer = browser.get(f"/deployments/{deployment.pk}/destroy", follow=True)
    assert "My importer was destroyed." in answer.text


def test_what_is_gone_gets_no_new_key(browser: Client, deployment: Deployment) -> None:
    change(deployment, desired_state="destroyed", operation="destroy")
    for path in (f"/apps/{deployment.app_id}/keys", f"/api/apps/{deployment.app_id}/keys"):
        assert browser.post(path, {"name": "late"}, content_type="application/json").status_code == 404
    assert browser.get(f"/apps/{deployment.app_id}").status_code == 404


def test_the_record_stays(browser: Client, deployment: Deployment) -> None:
    change(deployment, status="destroyed", desired_state="destroyed", url="")
    shown = page(browser, deployment)
    assert "stay for the record" in shown
    for gone in ("Manage keys", "/connections", "/environment", "Open tool"):
        assert f'{deployment.pk}{gone}"' not in shown
    assert "1 destroyed deployment" in browser.get("/deployments").text
    assert "My importer" in browser.get("/deployments?destroyed").text


# --- upgrade


def test_a_newer_version_is_offered(browser: Client, deployment: Deployment) -> None:
    assert link(deployment, "upgrade") not in page(browser, deployment)
    make_release(version="2.0.0")
    shown = page(browser, deployment)
    assert "Version 2.0.0 is available" in shown
    assert link(deployment, "upgrade") in shown


def test_without_a_newer_version_there_is_no_page(browser: Client, deployment: Deployment) -> None:
    answer = browser.get(f"/deployments/{deployment.pk}/upgrade", follow=True)
    assert "no such version to upgrade to" in answer.text


def upgrade(browser: Client, deployment: Deployment, release: Release, **answers: str) -> int:
    form = {"release": str(release.pk)} | answers
    status: int = browser.post(f"/deployments/{deployment.pk}/upgrade", form).status_code
    deployment.refresh_from_db()
    return status


@pytest.fixture
def bound(deployment: Deployment, make_connection: Make) -> Deployment:
    bindings.bind(deployment.app, make_connection(deployment.tenant, "notion"))
    return deployment


def test_an_upgrade_is_one_press(browser: Client, bound: Deployment) -> None:
    release = make_release(version="2.0.0")
    assert "You can roll back to 1.0.0 afterwards" in page(browser, bound, "/upgrade")
    assert upgrade(browser, bound, release) == 302
    assert (bound.operation, bound.release) == ("upgrade", release)


def test_what_the_new_version_asks_for_is_asked(browser: Client, bound: Deployment) -> None:
    questions: list[dict[str, Any]] = [
        {"key": "TEAM", "label": "Which team?"},
        {"key": "LOUD", "label": "Loud", "inputType": "boolean", "default": True},
    ]
    release = make_release(version="2.0.0", inputs=questions)
    assert "Which team?" in page(browser, bound, "/upgrade")
    assert upgrade(browser, bound, release) == 422
    assert upgrade(browser, bound, release, TEAM="Ada") == 302
    stored = {row.name: row for row in bound.variables.all()}
    assert set(stored) >= {"TEAM", "LOUD"}


def test_an_unticked_box_stays_unticked(browser: Client, bound: Deployment) -> None:
    question = {"key": "LOUD", "label": "Loud", "inputType": "boolean", "default": True}
    upgrade(browser, bound, make_release(version="2.0.0", inputs=[question]))
    assert environment.values(bound)["LOUD"] == "false"


def test_what_the_new_version_needs_can_be_connected_there(browser: Client, deployment: Deployment) -> None:
    release = make_release(version="2.0.0")
    assert "/connections/connect/notion?intent=" in page(browser, deployment, "/upgrade")
    assert upgrade(browser, deployment, release) == 302
    assert deployment.operation == "", "it was refused"


def test_nobody_moves_to_another_version_than_the_one_shown(browser: Client, bound: Deployment) -> None:
    shown = make_release(version="2.0.0")
    Release.objects.filter(pk=shown.pk).update(status=Release.Status.SUPERSEDED)
    make_release(version="3.0.0")
    assert upgrade(browser, bound, shown) == 200
    assert bound.operation == ""


def test_a_failed_upgrade_offers_the_way_back(browser: Client, deployment: Deployment) -> None:
    change(
        deployment,
        status="failed",
        operation="upgrade",
        current_step="boot",
        failure={"step": "boot", "message": "It did not start.", "remedy": "Mend it."},
        release=make_release(version="2.0.0"),
        previous_release=deployment.release,
    )
    shown = page(browser, deployment)
    assert "The upgrade stopped at “Starting the tool”" in shown
    assert "Roll back to 1.0.0" in shown
    assert browser.post(f"/deployments/{deployment.pk}/retry").status_code == 302
    deployment.refresh_from_db()
    assert (deployment.operation, deployment.current_step) == ("upgrade", "boot")
