"""Deploying as JSON."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections as databases
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from deployments.api_deployments import Deploy
from deployments.models import Deployment, LaunchOnce, Release
from tenants.models import Tenant, User
from tests import scenery

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(member: User, client_for: Callable[[User], Client]) -> Client:
    """A member's browser."""
    return client_for(member)


def deploy(client: Client, **body: Any) -> Any:
    return client.post("/api/deploy", {"toolSlug": "clock"} | body, content_type="application/json")


def test_a_tool_is_launched(client: Client, tenant: Tenant, member: User, make_release: Callable[..., Release]) -> None:
    release = make_release()
    response = deploy(client)
    assert response.status_code == 201
    assert set(response.json()) == {"deploymentId"}
    deployment = Deployment.everyone.get(pk=response.json()["deploymentId"])
    assert (deployment.tenant, deployment.release, deployment.created_by) == (tenant, release, member)
    assert (deployment.slug, deployment.name, deployment.status) == ("clock", "Clock", "deploying")


def test_with_everything_said(
    client: Client, tenant: Tenant, make_release: Callable[..., Release], make_connection: Callable[..., Connection]
) -> None:
    make_release("notion", "googledrive")
    notion, drive = make_connection(tenant, "notion"), make_connection(tenant, "googledrive")
    response = deploy(
        client,
        deploymentSlug="my-clock",
        deploymentName="My clock",
        userVariables={},
        bindings={"notion": str(notion.pk), "googledrive": str(uuid4())},
        selectedBindings={"googledrive": str(drive.pk)},  # the later word counts
    )
    assert response.status_code == 201
    deployment = Deployment.everyone.get()
    assert (deployment.slug, deployment.name) == ("my-clock", "My clock")
    assert deployment.chosen == {"notion": str(notion.pk), "googledrive": str(drive.pk)}


def test_refusals(
    client: Client,
    tenant: Tenant,
    other_tenant: Tenant,
    make_connection: Callable[..., Connection],
    make_deployment: Callable[..., Deployment],
) -> None:
    make_deployment(tenant, "notion", slug="taken")
    mine, theirs = make_connection(tenant, "notion"), make_connection(other_tenant, "notion")
    chosen = {"notion": str(mine.pk)}
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"toolSlug": "nothing"}, 404, "TOOL_NOT_FOUND"),
        ({"toolSlug": "a\x00"}, 404, "TOOL_NOT_FOUND"),
        ({"deploymentSlug": "Not A Slug", "selectedBindings": chosen}, 400, "INVALID_SLUG"),
        ({"deploymentSlug": "taken", "selectedBindings": chosen}, 409, "SLUG_TAKEN"),
        ({}, 400, "MISSING_BINDING"),
        ({"selectedBindings": chosen | {"googledrive": str(mine.pk)}}, 400, "UNKNOWN_BINDING"),
        ({"selectedBindings": {"notion": str(theirs.pk)}}, 404, "CONNECTION_NOT_FOUND"),
        ({"selectedBindings": {"notion": "nonsense"}}, 404, "CONNECTION_NOT_FOUND"),
        ({"pendingBindings": {"telegram": {"token": "typed-secret"}}}, 400, "UNKNOWN_BINDING"),
        ({"selectedBindings": chosen, "userVariables": {"NOPE": "typed-secret"}}, 400, "INVALID_INPUT"),
    ]
    for body, status, code in cases:
        response = deploy(client, **body)
        answer = response.json()
        assert (response.status_code, answer["code"]) == (status, code)
        assert answer["message"].endswith(".")
        assert "typed-secret" not in response.content.decode()
        if code == "MISSING_BINDING":
            assert answer["missing"] == ["notion"]
        if code == "UNKNOWN_BINDING":
            assert answer["unknown"] in (["googledrive"], ["telegram"])
        if code == "INVALID_INPUT":
            assert list(answer["fields"]) == ["NOPE"]
    assert Deployment.everyone.count() == 1


def test_a_withdrawn_tool_can_not_be_launched(client: Client, make_release: Callable[..., Release]) -> None:
    make_release()
    Release.objects.update(status=Release.Status.WITHDRAWN)
    assert deploy(client).json()["code"] == "TOOL_NOT_FOUND"


def test_looking_at_one(client: Client, tenant: Tenant, make_deployment: Callable[..., Deployment]) -> None:
    failure = {"step": "boot", "message": "It did not start.", "remedy": "Try again."}
    deployment = make_deployment(
        tenant, status=Deployment.Status.FAILED, operation="deploy", current_step="boot", failure=failure
    )
    answer = client.get(f"/api/deployments/{deployment.pk}").json()
    steps = answer.pop("steps")
    assert steps[0] == {
        "name": "validate_template",
        "title": steps[0]["title"],
        "state": "done",
        "seconds": None,
        "message": "",
    }
    assert {step["name"]: step["state"] for step in steps}["boot"] in {"failed", "pending"}
    assert answer | {"created_at": "", "updated_at": ""} == {
        "id": str(deployment.pk),
        "slug": "clock",
        "name": "Clock",
        "status": "failed",
        "desired_state": "running",
        "operation": "deploy",
        "current_step": "boot",
        "failure": failure,
        "url": "",
        "app_id": str(deployment.app.pk),
        "tool_slug": "clock",
        "version": "1.0.0",
        "previous_version": None,
        "created_at": "",
        "updated_at": "",
    }


def test_trying_again(client: Client, tenant: Tenant, make_deployment: Callable[..., Deployment]) -> None:
    deployment = make_deployment(tenant, status=Deployment.Status.FAILED, current_step="boot", failure={"step": "boot"})
    assert client.post(f"/api/deployments/{deployment.pk}/retry").json() == {"ok": True}
    deployment.refresh_from_db()
    assert (deployment.status, deployment.failure) == (Deployment.Status.DEPLOYING, {})
    response = client.post(f"/api/deployments/{deployment.pk}/retry")
    assert (response.status_code, response.json()["error"]) == (409, "operation_under_way")


OPERATIONS = ["restart", "suspend", "resume", "destroy", "retry", "rollback", "upgrade"]


@pytest.mark.parametrize("verb", ["restart", "suspend", "resume", "destroy"])
def test_each_operation_is_put_under_way(
    client: Client, tenant: Tenant, member: User, make_deployment: Callable[..., Deployment], verb: str
) -> None:
    rest = {"status": "suspended", "desired_state": "suspended"} if verb == "resume" else {}
    deployment = make_deployment(tenant, url="http://127.0.0.1:8101", **rest)
    answer = client.post(f"/api/deployments/{deployment.pk}/{verb}")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    shown = client.get(f"/api/deployments/{deployment.pk}").json()
    assert (shown["operation"], deployment.activities.get().actor) == (verb, member)


def test_an_upgrade_takes_answers(client: Client, tenant: Tenant) -> None:
    deployment = scenery.make_deployment(tenant, scenery.make_release("echo", integrations=[], status="superseded"))
    asks = {"key": "TEAM", "label": "Team"}
    scenery.make_release("echo", integrations=[], version="2.0.0", inputs=[asks])
    path = f"/api/deployments/{deployment.pk}/upgrade"
    refused = client.post(path, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["fields"]) == (409, {"TEAM": ["This field is required."]})
    answer = client.post(path, {"userVariables": {"TEAM": "Ada"}}, content_type="application/json")
    assert answer.json() == {"ok": True}
    assert client.get(f"/api/deployments/{deployment.pk}").json()["version"] == "2.0.0"


def test_a_rollback_goes_to_the_version_before(
    client: Client, tenant: Tenant, make_deployment: Callable[..., Deployment], make_release: Callable[..., Release]
) -> None:
    before = make_release()
    deployment = make_deployment(tenant, url="http://127.0.0.1:8101", previous_release=before)
    path = f"/api/deployments/{deployment.pk}"
    assert client.get(path).json()["previous_version"] == before.version
    assert client.post(f"{path}/rollback").json() == {"ok": True}
    assert client.get(path).json()["version"] == before.version


@pytest.mark.parametrize("verb", OPERATIONS)
def test_what_makes_no_sense_is_refused_with_code_and_sentence(
    client: Client, tenant: Tenant, make_deployment: Callable[..., Deployment], verb: str
) -> None:
    deployment = make_deployment(tenant, status=Deployment.Status.DESTROYED)
    answer = client.post(f"/api/deployments/{deployment.pk}/{verb}", {}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (409, {"error": "destroyed", "message": "Clock was destroyed."})


@pytest.mark.parametrize("verb", OPERATIONS)
def test_viewers_may_only_look(
    client_for: Callable[[User], Client],
    viewer: User,
    tenant: Tenant,
    make_deployment: Callable[..., Deployment],
    verb: str,
) -> None:
    deployment = make_deployment(tenant)
    answer = client_for(viewer).post(f"/api/deployments/{deployment.pk}/{verb}", {}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden"})


# --- asked for twice --------------------------------------------------------------------------------------------------


def repeat(client: Client, key: str, **body: Any) -> Any:
    body = {"toolSlug": "clock"} | body
    return client.post("/api/deploy", body, content_type="application/json", headers={"idempotency-key": key})


def test_the_same_request_launches_once(client: Client, make_release: Callable[..., Release]) -> None:
    make_release()
    first, again = repeat(client, "k1", userVariables={}), repeat(client, "k1", userVariables={})
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.status_code == 201
    assert Deployment.everyone.count() == 1
    assert repeat(client, "k2").json() != first.json()
    assert Deployment.everyone.count() == 2


def test_an_answer_stands_whatever_has_changed_since(client: Client, make_release: Callable[..., Release]) -> None:
    make_release()
    first = repeat(client, "k1").json()
    Release.objects.update(status=Release.Status.WITHDRAWN)
    assert repeat(client, "k1").json() == first


def test_a_key_is_for_one_body(client: Client, make_release: Callable[..., Release]) -> None:
    make_release()
    repeat(client, "k1")
    response = repeat(client, "k1", deploymentName="Another")
    assert response.status_code == 409
    assert response.headers["Vendo-Error-Code"] == "idempotency_conflict"
    assert response.json()["error"] == response.json()["code"] == "idempotency_conflict"
    assert response.json()["message"].endswith(".")
    assert Deployment.everyone.count() == 1


def test_a_refusal_is_not_kept(client: Client, make_release: Callable[..., Release]) -> None:
    assert repeat(client, "k1").status_code == 404
    make_release()
    assert repeat(client, "k1").status_code == 201


def test_a_key_is_forgotten_after_a_day(client: Client, make_release: Callable[..., Release]) -> None:
    make_release()
    first = repeat(client, "k1").json()
    LaunchOnce.everyone.update(created_at=timezone.now() - timedelta(hours=25))
    assert repeat(client, "k1").json() != first
    assert LaunchOnce.everyone.count() == 1


def test_keys_are_each_tenants_own(
    client: Client, stranger: User, client_for: Callable[[User], Client], make_release: Callable[..., Release]
) -> None:
    make_release()
    mine, theirs = repeat(client, "k1"), repeat(client_for(stranger), "k1")
    assert mine.status_code == theirs.status_code == 201
    assert mine.json() != theirs.json()


def test_nothing_of_key_or_body_is_kept(client: Client, make_release: Callable[..., Release]) -> None:
    make_release()
    repeat(client, "remember-me", deploymentName="typed-secret")
    row = LaunchOnce.everyone.values().get()
    assert not any(text in str(row) for text in ("remember-me", "typed-secret"))
    sent = Deploy.model_validate({"toolSlug": "clock", "deploymentName": "typed-secret"}).model_dump(mode="json")
    guessed = json.dumps(sent, sort_keys=True)
    assert row["body_hash"] != hashlib.sha256(guessed.encode()).hexdigest()


def test_a_key_that_is_too_long(client: Client) -> None:
    response = repeat(client, "k" * 256)
    assert (response.status_code, response.json()["error"]) == (400, "validation_failed")


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_launches(
    member: User, client_for: Callable[[User], Client], make_release: Callable[..., Release]
) -> None:
    make_release()
    clients = [client_for(member) for _ in range(4)]

    def ask(client: Client) -> tuple[int, bytes]:
        try:
            response = repeat(client, "k1")
            return response.status_code, response.content
        finally:
            databases.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ask, clients))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert Deployment.everyone.count() == 1
