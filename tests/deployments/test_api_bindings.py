"""Bindings as JSON."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from connections import catalog
from connections.models import Connection, Integration
from deployments import bindings
from deployments.models import App, Binding, Deployment
from tenants.models import Tenant, User
from tests.deployments.running import applied, bound

pytestmark = pytest.mark.django_db
type MakeConnection = Callable[..., Connection]
type MakeDeployment = Callable[..., Deployment]


@pytest.fixture
def client(member: User, client_for: Callable[[User], Client]) -> Client:
    """A member's browser."""
    return client_for(member)


def send(client: Client, method: str, path: str, body: Any) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_binding(client: Client, project: App, make_connection: MakeConnection, method: str) -> None:
    connection = make_connection(project.tenant, "notion")
    path, body = f"/api/apps/{project.pk}/bindings", {"provider_slug": "notion", "connection_id": str(connection.pk)}
    answer = {"ok": True, "connection_id": str(connection.pk), "already_connected": False, "restartRequired": False}
    assert send(client, method, path, body).json() == answer
    assert send(client, method, path, body).json() == answer | {"already_connected": True}
    assert client.get(path).json() == {
        "bindings": [
            {
                "provider_slug": "notion",
                "connection_id": str(connection.pk),
                "display_name": "Notion account",
                "status": "active",
            }
        ]
    }


def test_a_running_tool_with_the_old_token_in_its_environment_needs_a_restart(
    client: Client, tenant: Tenant, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    app = applied(make_deployment(tenant, "notion", "googledrive")).app
    for slug, needed in (("notion", True), ("googledrive", False)):
        ends = None if slug == "notion" else timezone.now() + timedelta(hours=1)
        new = make_connection(tenant, slug, expires_at=ends)
        body = {"provider_slug": slug, "connection_id": str(new.pk)}
        assert send(client, "POST", f"/api/apps/{app.pk}/bindings", body).json()["restartRequired"] is needed


def test_going_back_to_the_account_it_was_started_with_needs_none(
    client: Client, tenant: Tenant, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    ada, grace = (make_connection(tenant, "notion", token=name) for name in ("ada-token", "grace-token"))
    app = bound(make_deployment(tenant, "notion"), ada).app
    for connection, needed in ((grace, True), (ada, False)):
        body = {"provider_slug": "notion", "connection_id": str(connection.pk)}
        answer = send(client, "POST", f"/api/apps/{app.pk}/bindings", body).json()
        assert (answer["already_connected"], answer["restartRequired"]) == (False, needed)


@pytest.mark.parametrize("status", ["deploying", "suspended", "failed"])
def test_what_does_not_run_needs_no_restart(
    client: Client, tenant: Tenant, make_connection: MakeConnection, make_deployment: MakeDeployment, status: str
) -> None:
    app = applied(make_deployment(tenant, "notion", status=status)).app
    body = {"provider_slug": "notion", "connection_id": str(make_connection(tenant, "notion").pk)}
    assert send(client, "POST", f"/api/apps/{app.pk}/bindings", body).json()["restartRequired"] is False


def test_refusals_of_a_binding(
    client: Client, project: App, other_tenant: Tenant, make_connection: MakeConnection
) -> None:
    mine, theirs = make_connection(project.tenant, "notion"), make_connection(other_tenant, "notion")
    gone = make_connection(project.tenant, "notion", status=Connection.Status.REVOKED)
    Integration.objects.filter(slug="googledrive").update(enabled=False)
    cases = [
        ("nobody", mine.pk, 404, "unknown_provider"),
        ("googledrive", mine.pk, 404, "unknown_provider"),
        ("notion", theirs.pk, 404, "connection_not_found"),
        ("notion", uuid4(), 404, "connection_not_found"),
        ("notion", "nonsense", 404, "connection_not_found"),
        ("notion", gone.pk, 400, "connection_inactive"),
    ]
    for slug, identity, status, code in cases:
        body = {"provider_slug": slug, "connection_id": str(identity)}
        response = send(client, "POST", f"/api/apps/{project.pk}/bindings", body)
        assert (response.status_code, response.json()) == (status, {"error": code})
    assert not Binding.everyone.exists()


def test_a_connection_of_another_provider(client: Client, project: App, make_connection: MakeConnection) -> None:
    drive = make_connection(project.tenant, "googledrive")
    body = {"provider_slug": "notion", "connection_id": str(drive.pk)}
    response = send(client, "POST", f"/api/apps/{project.pk}/bindings", body)
    assert (response.status_code, response.json()) == (400, {"error": "provider_mismatch"})


def test_a_connection_that_is_in_use(
    client: Client,
    project: App,
    make_connection: MakeConnection,
    make_deployment: MakeDeployment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lonely = dataclasses.replace(catalog.get("notion"), exclusive=True)
    monkeypatch.setattr(catalog, "get", lambda slug: {"notion": lonely}[slug])
    connection = make_connection(project.tenant, "notion")
    bindings.bind(make_deployment(project.tenant, "notion").app, connection)
    body = {"provider_slug": "notion", "connection_id": str(connection.pk)}
    response = send(client, "POST", f"/api/apps/{project.pk}/bindings", body)
    assert response.status_code == 409
    assert response.json() == {
        "error": "connection_in_use",
        "bound_to": {"deployment_slug": "clock", "deployment_name": "Clock"},
    }


# --- taking one away --------------------------------------------------------------------------------------------------


def test_unbinding(client: Client, project: App, make_connection: MakeConnection) -> None:
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    path = f"/api/apps/{project.pk}/bindings/notion"
    assert client.delete(path).json() == {"ok": True}
    assert not Binding.everyone.exists()
    connection.refresh_from_db()
    assert connection.live
    again = client.delete(path)
    assert (again.status_code, again.json()) == (404, {"error": "not_found"})


# --- in one step, for a deployment ------------------------------------------------------------------------------------


def in_one_step(client: Client, connection: object, deployment: object) -> Any:
    body = {"connection_id": str(connection), "deployment_id": str(deployment)}
    return send(client, "POST", "/api/connections/bind-deployment", body)


def test_a_deployment_is_given_a_connection(
    client: Client, tenant: Tenant, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    deployment, connection = applied(make_deployment(tenant, "notion")), make_connection(tenant, "notion")
    answer = {"ok": True, "connection_id": str(connection.pk), "already_connected": False, "restartRequired": True}
    assert in_one_step(client, connection.pk, deployment.pk).json() == answer
    # Nothing changed by the second call, and the tool still runs without it.
    assert in_one_step(client, connection.pk, deployment.pk).json() == answer | {"already_connected": True}
    assert Binding.everyone.get().app == deployment.app


def test_refusals_in_one_step(
    client: Client,
    tenant: Tenant,
    other_tenant: Tenant,
    make_connection: MakeConnection,
    make_deployment: MakeDeployment,
) -> None:
    mine, theirs = make_deployment(tenant), make_deployment(other_tenant)
    destroyed = make_deployment(tenant, slug="old", status=Deployment.Status.DESTROYED)
    connection, foreign = make_connection(tenant, "notion"), make_connection(other_tenant, "notion")
    gone = make_connection(tenant, "notion", status=Connection.Status.REVOKED)
    off = make_connection(tenant, "googledrive")
    Integration.objects.filter(slug="googledrive").update(enabled=False)
    cases = [
        (connection.pk, theirs.pk, 404, "not_found"),
        (connection.pk, destroyed.pk, 404, "not_found"),
        (connection.pk, "nonsense", 404, "not_found"),
        (foreign.pk, mine.pk, 404, "connection_not_found"),
        ("nonsense", mine.pk, 404, "connection_not_found"),
        (gone.pk, mine.pk, 400, "connection_inactive"),
        (off.pk, mine.pk, 404, "unknown_provider"),
    ]
    for wanted, deployment, status, code in cases:
        response = in_one_step(client, wanted, deployment)
        assert (response.status_code, response.json()) == (status, {"error": code})
    assert not Binding.everyone.exists()
