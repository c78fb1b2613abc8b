"""Launching: what is refused, what is stored, and that retry goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult

from connections.models import Connection
from deployments import environment
from deployments.launch import LaunchRefused, check_slug, launch, suggest_slug
from deployments.models import App, Deployment, Event, Release
from tenants.models import Tenant, User
from tests.deployments.fakes import release_of

pytestmark = pytest.mark.postgres

type Make = Callable[..., Connection]


@pytest.fixture
def release(tmp_path: Path, settings: Any, db: None) -> Release:
    settings.DATA_DIR = tmp_path / "data"
    return release_of(
        tmp_path / "clock",
        integrations=["notion", {"provider": "googledrive", "optional": True}],
        userInputs=[
            {"key": "TEAM", "label": "Team"},
            {"key": "COLOUR", "label": "Colour", "default": "red", "category": "user_optional"},
            {"key": "LOUD", "label": "Loud", "inputType": "boolean"},
        ],
    )


@pytest.fixture
def notes(tenant: Tenant, make_connection: Make) -> Connection:
    return make_connection(tenant, "notion")


def refusal(**arguments: Any) -> LaunchRefused:
    with pytest.raises(LaunchRefused) as caught:
        launch(**arguments)
    assert not App.everyone.filter(kind=App.Kind.DEPLOYMENT).exclude(deployment__slug="taken").exists()
    return caught.value


@pytest.fixture
def good(tenant: Tenant, owner: User, release: Release, notes: Connection) -> dict[str, Any]:
    """Arguments that hold."""
    return {
        "tenant": tenant,
        "user": owner,
        "release": release,
        "name": "My clock",
        "slug": "clock",
        "inputs": {"TEAM": "Ada"},
        "chosen": {"notion": notes},
    }


def test_everything_is_stored_in_one_go(good: dict[str, Any], notes: Connection) -> None:
    deployment = launch(**good)
    assert (deployment.name, deployment.slug, deployment.status) == ("My clock", "clock", Deployment.Status.DEPLOYING)
    assert (deployment.operation, deployment.current_step) == ("deploy", "validate_template")
    assert deployment.chosen == {"notion": str(notes.pk)}
    assert (deployment.app.kind, deployment.app.name) == (App.Kind.DEPLOYMENT, "My clock")
    assert environment.values(deployment) == {"TEAM": "Ada", "COLOUR": "red", "LOUD": "false"}
    assert Event.everyone.filter(kind="deployment.changed").count() == 1


def test_the_pipeline_is_enqueued_on_commit_by_id_alone(
    good: dict[str, Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        deployment = launch(**good)
        assert not DBTaskResult.objects.exists()
    assert DBTaskResult.objects.get().args_kwargs == {"args": [str(deployment.pk)], "kwargs": {}}


@pytest.mark.parametrize("slug", ["", "a", "Clock", "1clock", "clock-", "-clock", "a" * 64, "clock\n", "clóck"])
def test_a_slug_must_have_its_form(good: dict[str, Any], slug: str) -> None:
    assert refusal(**good | {"slug": slug}).code == "INVALID_SLUG"
    assert check_slug(good["tenant"], slug)


def test_a_slug_is_taken_once_per_tenant(good: dict[str, Any], other_tenant: Tenant, make_connection: Make) -> None:
    launch(**good | {"slug": "taken"})
    assert refusal(**good | {"slug": "taken"}).code == "SLUG_TAKEN"
    assert "already" in (check_slug(good["tenant"], "taken") or "")
    theirs = {"tenant": other_tenant, "chosen": {"notion": make_connection(other_tenant, "notion")}}
    assert launch(**good | theirs | {"slug": "taken"}).slug == "taken"


def test_an_integration_that_the_tool_does_not_declare_is_refused(tmp_path: Path, good: dict[str, Any]) -> None:
    plain = release_of(tmp_path / "plain", version="2.0.0")
    error = refusal(**good | {"release": plain, "inputs": {}})
    assert (error.code, error.details) == ("UNKNOWN_BINDING", {"unknown": ["notion"]})


def test_another_tenants_connection_is_refused(
    good: dict[str, Any], other_tenant: Tenant, make_connection: Make
) -> None:
    theirs = make_connection(other_tenant, "notion")
    assert refusal(**good | {"chosen": {"notion": theirs}}).code == "UNKNOWN_BINDING"


def test_a_connection_of_another_integration_is_refused(
    good: dict[str, Any], tenant: Tenant, make_connection: Make
) -> None:
    drive = make_connection(tenant, "googledrive")
    assert refusal(**good | {"chosen": {"notion": drive}}).code == "UNKNOWN_BINDING"


def test_a_required_integration_blocks_and_an_optional_one_does_not(good: dict[str, Any]) -> None:
    error = refusal(**good | {"chosen": {}})
    assert (error.code, error.details) == ("MISSING_BINDING", {"missing": ["notion"]})
    assert error.message == "Clock needs Notion. Connect it first."


def test_a_revoked_connection_counts_as_missing(good: dict[str, Any], notes: Connection) -> None:
    notes.status = Connection.Status.REVOKED
    assert refusal(**good).code == "MISSING_BINDING"


def test_inputs_are_refused_field_by_field(good: dict[str, Any]) -> None:
    error = refusal(**good | {"inputs": {"NOISE": "1"}, "name": "x" * 81})
    assert (error.code, error.details) == (
        "INVALID_INPUT",
        {
            "TEAM": ["This field is required."],
            "NOISE": ["Clock has no such input."],
            "name": ["Use a name of at most 80 characters."],
        },
    )


def test_a_name_left_empty_is_the_tools(good: dict[str, Any]) -> None:
    assert launch(**good | {"name": " "}).name == "Clock"


def test_slugs_are_suggested_after_the_tool(good: dict[str, Any], tenant: Tenant) -> None:
    tool = good["release"].tool
    assert suggest_slug(tenant, tool) == "clock"
    launch(**good)
    launch(**good | {"slug": "clock-2"})
    assert suggest_slug(tenant, tool) == "clock-3"


def test_the_slug_of_a_destroyed_one_is_free_again(good: dict[str, Any], tenant: Tenant) -> None:
    first = launch(**good)
    Deployment.everyone.update(status=Deployment.Status.DESTROYED)
    assert check_slug(tenant, "clock") is None
    assert suggest_slug(tenant, first.release.tool) == "clock"
    assert launch(**good).pk != first.pk


def test_who_launched_it_is_noted(good: dict[str, Any], owner: User) -> None:
    note = launch(**good).activities.get()
    assert (note.action, note.actor, note.detail) == ("launched", owner, "Clock 1.0.0")
