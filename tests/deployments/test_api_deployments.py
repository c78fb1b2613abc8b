"""Deploying as JSON."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from connections.models import Connection
from deployments.models import Deployment, Release
from tenants.models import Tenant, User

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
    deployment = make_deployment(tenant, status=Deployment.Status.FAILED, current_step="boot", failure=failure)
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
        "current_step": "boot",
        "failure": failure,
        "url": "",
        "app_id": str(deployment.app.pk),
        "tool_slug": "clock",
        "version": "1.0.0",
        "created_at": "",
        "updated_at": "",
    }


def test_trying_again(client: Client, tenant: Tenant, make_deployment: Callable[..., Deployment]) -> None:
    deployment = make_deployment(tenant, status=Deployment.Status.FAILED, current_step="boot", failure={"step": "boot"})
    assert client.post(f"/api/deployments/{deployment.pk}/retry").json() == {"ok": True}
    deployment.refresh_from_db()
    assert (deployment.status, deployment.failure) == (Deployment.Status.DEPLOYING, {})
    response = client.post(f"/api/deployments/{deployment.pk}/retry")
    assert (response.status_code, response.json()) == (409, {"error": "not_failed"})
