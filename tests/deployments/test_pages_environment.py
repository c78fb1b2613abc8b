"""The environment tab: settings that people change, and values that they look at."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connections import vault
from connections.models import Integration
from deployments import changes, environment
from deployments.models import Activity, Deployment, EnvironmentVariable, Event
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release

type SignIn = Callable[[User], Client]

INPUTS = (
    {"key": "TITLE", "label": "Title", "inputType": "text", "validations": {"minLength": 3, "message": "Too short."}},
    {"key": "LIMIT", "label": "Limit", "inputType": "number", "category": "user_optional"},
    {"key": "DRY_RUN", "label": "Dry run", "inputType": "boolean", "category": "user_optional"},
    {"key": "PASSWORD", "label": "Password", "inputType": "password", "validations": {"minLength": 8}},
    {"key": "PROXY_PASSWORD", "label": "Proxy password", "inputType": "password", "category": "user_optional"},
    {"key": "HIDDEN", "label": "Hidden", "category": "user_optional", "visibility": "hidden"},
)
ANSWERS = {
    "TITLE": "Our pages",
    "LIMIT": "100",
    "DRY_RUN": "true",
    "PASSWORD": "hunter-two",
    "PROXY_PASSWORD": "open sesame",
    "HIDDEN": "kept",
}


@pytest.fixture
def deployment(tenant: Tenant, notion: Integration, googledrive: Integration) -> Deployment:
    """One that runs with what it should run with."""
    row = make_deployment(tenant, make_release(inputs=INPUTS), port=8101)
    environment.make_secrets(row)
    environment.write_inputs(row, ANSWERS)
    row.env_applied, row.applied = environment.resolve(row), changes.snapshot(row)
    row.save()
    return row


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def form(**changed: str) -> dict[str, str]:
    """What a browser sends that shows the form and changes that much; an empty box is not sent at all."""
    shown = {"TITLE": "Our pages", "LIMIT": "100", "DRY_RUN": "on", "PASSWORD": "", "PROXY_PASSWORD": ""}
    remembered = {"was-TITLE": "Our pages", "was-LIMIT": "100", "was-DRY_RUN": "true"}
    sent = shown | remembered | changed
    return sent if sent["DRY_RUN"] else {name: value for name, value in sent.items() if name != "DRY_RUN"}


def send(browser: Client, deployment: Deployment, **changed: str) -> Any:
    return browser.post(f"/deployments/{deployment.pk}/environment/save", form(**changed))


def stored(deployment: Deployment) -> dict[str, str]:
    return {name: value for name, value in environment.values(deployment).items() if name in ANSWERS}


def variable(deployment: Deployment, name: str) -> EnvironmentVariable:
    row: EnvironmentVariable = EnvironmentVariable.everyone.get(deployment=deployment, name=name)
    return row


def reveal(browser: Client, deployment: Deployment, name: str, **headers: str) -> Any:
    row = variable(deployment, name)
    return browser.post(f"/deployments/{deployment.pk}/environment/{row.pk}/reveal", headers=headers)


# --- the form


def test_the_form_begins_with_what_is_stored(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}/environment").text
    assert 'value="Our pages"' in page
    assert 'value="100"' in page
    assert page.count(" checked") == 1


def test_no_secret_is_in_the_page(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}/environment").text
    for secret in environment.secret_values(deployment):
        assert secret not in page


def test_a_question_that_is_never_asked_is_not_asked_here(browser: Client, deployment: Deployment) -> None:
    assert 'name="HIDDEN"' not in browser.get(f"/deployments/{deployment.pk}/environment").text


def test_a_changed_setting_is_stored_and_offers_a_restart(browser: Client, deployment: Deployment) -> None:
    answer = send(browser, deployment, TITLE="Their pages")
    assert answer.headers["Location"] == f"/deployments/{deployment.pk}/environment"
    assert stored(deployment) == ANSWERS | {"TITLE": "Their pages"}
    page = browser.get(f"/deployments/{deployment.pk}/environment").text
    assert "Restart to apply" in page
    assert "TITLE changed" in page


def test_a_setting_that_is_changed_back_needs_no_restart(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, TITLE="Their pages")
    send(browser, deployment, **{"was-TITLE": "Their pages"})
    deployment.refresh_from_db()
    assert not changes.restart_needed(deployment)


def test_open_pages_are_told(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, LIMIT="7")
    told = Event.everyone.filter(kind="deployment.changed").latest("sequence")
    assert told.payload == {"deployment_id": str(deployment.pk)}


def test_what_was_not_changed_changes_nothing(browser: Client, deployment: Deployment) -> None:
    page = browser.post(f"/deployments/{deployment.pk}/environment/save", form(), follow=True).text
    assert "Nothing was changed." in page
    assert stored(deployment) == ANSWERS
    assert not Activity.everyone.exists()


def test_a_number_is_the_same_however_it_is_written(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, LIMIT="100.0")
    assert not Activity.everyone.exists()


def test_an_optional_setting_can_be_emptied_and_a_box_unticked(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, LIMIT="", DRY_RUN="")
    left = stored(deployment)
    assert "LIMIT" not in left
    assert left["DRY_RUN"] == "false"


def test_a_wrong_answer_is_refused_and_kept_in_the_form(browser: Client, deployment: Deployment) -> None:
    answer = send(browser, deployment, TITLE="It", LIMIT="7")
    assert answer.status_code == 422
    assert "Too short." in answer.text
    assert 'value="It"' in answer.text
    assert stored(deployment) == ANSWERS


def test_it_is_noted_what_was_changed_and_not_to_what(browser: Client, deployment: Deployment, member: User) -> None:
    send(browser, deployment, TITLE="Their pages", PASSWORD="swordfish-seven")
    noted = Activity.everyone.get()
    assert (noted.actor, noted.action, noted.detail) == (member, "changed settings", "PASSWORD, TITLE")


def test_a_template_that_repeats_an_answer_follows_it(browser: Client, deployment: Deployment) -> None:
    release = deployment.release
    release.template["services"] = [{"role": "web", "env": {"GREETING": "Hello ${inputs.TITLE}"}}]
    release.save()
    send(browser, deployment, TITLE="Their pages")
    assert environment.values(deployment)["GREETING"] == "Hello Their pages"


def test_before_the_deploy_came_to_it_an_answer_is_only_stored(browser: Client, deployment: Deployment) -> None:
    Deployment.everyone.update(env_wanted="", env_applied="", port=None, status="deploying")
    EnvironmentVariable.everyone.filter(kind="system").delete()
    send(browser, deployment, TITLE="Their pages")
    assert environment.values(deployment) == ANSWERS | {"TITLE": "Their pages"}


# --- passwords


def test_a_password_can_be_replaced(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, PASSWORD="swordfish-seven")
    assert stored(deployment)["PASSWORD"] == "swordfish-seven"


def test_what_one_types_as_a_password_can_be_looked_at(browser: Client, deployment: Deployment) -> None:
    assert 'data-reveal="id_PASSWORD"' in browser.get(f"/deployments/{deployment.pk}/environment").text


def test_an_optional_password_can_be_taken_away(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, **{"remove-PROXY_PASSWORD": "on"})
    assert "PROXY_PASSWORD" not in stored(deployment)


def test_a_required_password_can_not_be_taken_away(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, **{"remove-PASSWORD": "on"})
    assert stored(deployment)["PASSWORD"] == "hunter-two"


def test_a_new_password_must_satisfy_what_the_release_asks(browser: Client, deployment: Deployment) -> None:
    answer = send(browser, deployment, PASSWORD="two")
    assert answer.status_code == 422
    assert "at least 8" in answer.text


def test_a_required_password_that_is_not_there_is_asked_for(browser: Client, deployment: Deployment) -> None:
    variable(deployment, "PASSWORD").delete()
    assert send(browser, deployment, TITLE="Their pages").status_code == 422


# --- two people at once


def test_two_who_change_different_things_both_get_their_way(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, TITLE="Their pages")
    send(browser, deployment, LIMIT="7")
    assert stored(deployment) == ANSWERS | {"TITLE": "Their pages", "LIMIT": "7"}


def test_two_who_change_the_same_thing_hear_of_each_other(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, TITLE="Their pages")
    answer = send(browser, deployment, TITLE="My pages")
    assert answer.status_code == 422
    assert "Somebody changed this to “Their pages” in the meantime." in answer.text
    assert 'value="My pages"' in answer.text
    assert stored(deployment)["TITLE"] == "Their pages"


def test_who_saves_again_has_seen_it(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, TITLE="Their pages")
    page = send(browser, deployment, TITLE="My pages").text
    assert 'name="was-TITLE" value="Their pages"' in page
    send(browser, deployment, TITLE="My pages", **{"was-TITLE": "Their pages"})
    assert stored(deployment)["TITLE"] == "My pages"


def test_a_program_that_saw_nothing_writes_over_what_is(browser: Client, deployment: Deployment) -> None:
    sent = {name: value for name, value in form(TITLE="Their pages").items() if not name.startswith("was-")}
    browser.post(f"/deployments/{deployment.pk}/environment/save", sent)
    assert stored(deployment)["TITLE"] == "Their pages"


def test_what_was_destroyed_has_no_settings(browser: Client, deployment: Deployment) -> None:
    Deployment.everyone.update(status=Deployment.Status.DESTROYED)
    assert "Save settings" not in browser.get(f"/deployments/{deployment.pk}/environment").text
    assert send(browser, deployment, TITLE="Mine").headers["Location"] == f"/deployments/{deployment.pk}"
    assert stored(deployment) == ANSWERS


# --- values


@pytest.mark.parametrize("name", ["PASSWORD", "VENDO_WEBHOOK_SECRET", "PORT"])
def test_a_value_shows_on_a_click(browser: Client, deployment: Deployment, name: str) -> None:
    answer = reveal(browser, deployment, name)
    assert environment.values(deployment)[name] in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_part_of_the_page_is_enough(browser: Client, deployment: Deployment) -> None:
    headers = {"hx-request": "true", "hx-target": "deployment-variables"}
    answer = reveal(browser, deployment, "PASSWORD", **headers)
    assert "hunter-two" in answer.text
    assert "<html" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


def test_only_that_one_shows_and_hides_by_itself(browser: Client, deployment: Deployment) -> None:
    page = reveal(browser, deployment, "PROXY_PASSWORD").text
    assert "hunter-two" not in page
    assert "load delay:60s" in page


def test_who_looks_is_noted(browser: Client, deployment: Deployment, member: User) -> None:
    reveal(browser, deployment, "PASSWORD")
    noted = Activity.everyone.get()
    assert (noted.actor, noted.action, noted.detail) == (member, "looked at a value", "PASSWORD")


@pytest.mark.parametrize("name", ["VENDO_API_KEY", "VENDO_DEPLOYMENT_TOKEN"])
def test_an_api_key_is_never_shown_again(browser: Client, deployment: Deployment, name: str) -> None:
    page = reveal(browser, deployment, name).text
    assert environment.values(deployment)[name] not in page
    assert "API keys are shown once" in page
    assert not Activity.everyone.exists()


def test_a_value_that_does_not_open_says_so(browser: Client, deployment: Deployment) -> None:
    EnvironmentVariable.everyone.filter(name="PORT").update(value=variable(deployment, "TITLE").value)
    assert "does not open" in reveal(browser, deployment, "PORT").text
    assert not Activity.everyone.exists()


def test_a_value_is_text_and_no_markup(browser: Client, deployment: Deployment) -> None:
    send(browser, deployment, PASSWORD="<script>alert()</script>")
    assert "&lt;script&gt;alert()&lt;/script&gt;" in reveal(browser, deployment, "PASSWORD").text


def test_a_look_is_a_post(browser: Client, deployment: Deployment) -> None:
    row = variable(deployment, "PASSWORD")
    assert browser.get(f"/deployments/{deployment.pk}/environment/{row.pk}/reveal").status_code == 405


def test_a_value_of_another_deployment_is_not_found(browser: Client, deployment: Deployment) -> None:
    other = make_deployment(deployment.tenant, deployment.release, slug="second")
    row = variable(deployment, "PASSWORD")
    assert browser.post(f"/deployments/{other.pk}/environment/{row.pk}/reveal").status_code == 404


def test_no_cache_keeps_the_page(browser: Client, deployment: Deployment) -> None:
    answer = browser.get(f"/deployments/{deployment.pk}/environment")
    assert "no-store" in answer.headers["Cache-Control"]
    assert 'hx-history="false"' in answer.text


# --- who may


def test_a_viewer_sees_names_alone(client_for: SignIn, viewer: User, deployment: Deployment) -> None:
    page = client_for(viewer).get(f"/deployments/{deployment.pk}/environment").text
    assert "PROXY_PASSWORD" in page
    for shown in ("Reveal", "Save settings", "Our pages"):
        assert shown not in page


def test_a_viewer_may_neither_save_nor_look(client_for: SignIn, viewer: User, deployment: Deployment) -> None:
    client = client_for(viewer)
    assert send(client, deployment, TITLE="Their pages").status_code == 403
    assert reveal(client, deployment, "PASSWORD").status_code == 403
    assert stored(deployment) == ANSWERS


def test_a_stranger_finds_nothing(client_for: SignIn, stranger: User, deployment: Deployment) -> None:
    client = client_for(stranger)
    assert send(client, deployment, TITLE="Their pages").status_code == 404
    assert reveal(client, deployment, "PASSWORD").status_code == 404


def test_envelopes_stay_away_from_pages(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}/environment").text
    assert variable(deployment, "PASSWORD").value not in page
    assert "v1." not in page


def test_an_environment_that_is_not_written_yet_says_so(browser: Client, tenant: Tenant) -> None:
    bare = make_deployment(tenant, make_release("echo", integrations=[]))
    assert "No variables yet" in browser.get(f"/deployments/{bare.pk}/environment").text


def test_a_value_that_no_release_asks_for_is_only_named(browser: Client, deployment: Deployment) -> None:
    row = EnvironmentVariable(tenant=deployment.tenant, deployment=deployment, kind="user", name="DATABASE")
    vault.seal(row, "value", "pages-of-ours")
    row.save()
    page = browser.get(f"/deployments/{deployment.pk}/environment").text
    assert "DATABASE" in page
    assert "pages-of-ours" not in page
