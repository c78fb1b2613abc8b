"""Apps, keys and bindings as JSON."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from deployments import bindings, keys
from deployments.models import ApiKey, App, Binding, Deployment
from deployments.projects import create_project
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db
type MakeConnection = Callable[..., Connection]
type MakeDeployment = Callable[..., Deployment]


@pytest.fixture
def client(member: User, client_for: Callable[[User], Client]) -> Client:
    """A member's browser."""
    return client_for(member)


def send(client: Client, method: str, path: str, body: Any) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


# --- apps -------------------------------------------------------------------------------------------------------------


def test_apps_are_listed_with_their_deployments(
    client: Client, project: App, other_tenant: Tenant, make_deployment: MakeDeployment
) -> None:
    create_project(other_tenant, "Theirs")
    deployment = make_deployment(project.tenant, url="http://127.0.0.1:8101")
    listed = client.get("/api/apps").json()["apps"]
    assert [app["name"] for app in listed] == ["Clock", "Ada's laptop"]
    assert listed[0]["deployment"] == {
        "id": str(deployment.pk),
        "slug": "clock",
        "name": "Clock",
        "status": "running",
        "url": "http://127.0.0.1:8101",
    }
    assert listed[1] | {"created_at": ""} == {
        "id": str(project.pk),
        "name": "Ada's laptop",
        "kind": "project",
        "allowed_origins": [],
        "created_at": "",
        "deployment": None,
    }
    assert listed[1]["created_at"].endswith("Z")


def test_listing_takes_as_many_queries_for_many(
    client: Client,
    tenant: Tenant,
    make_deployment: MakeDeployment,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        create_project(tenant, f"P{number}")
        make_deployment(tenant, slug=f"clock-{number}")
    with django_assert_max_num_queries(4):  # session, person, membership, apps
        assert len(client.get("/api/apps").json()["apps"]) == 10


def test_a_project_can_be_made(client: Client, tenant: Tenant) -> None:
    response = send(client, "POST", "/api/apps", {"name": "  Laptop "})
    assert response.status_code == 201
    app = App.everyone.get(pk=response.json()["id"])
    assert (app.name, app.kind, app.tenant) == ("Laptop", App.Kind.PROJECT, tenant)


def test_an_app_can_be_changed_in_part(client: Client, project: App) -> None:
    path = f"/api/apps/{project.pk}"
    assert send(client, "PATCH", path, {"name": "Desk"}).json()["name"] == "Desk"
    answer = send(client, "PATCH", path, {"allowed_origins": ["https://app.example.org/"]}).json()
    assert (answer["name"], answer["allowed_origins"]) == ("Desk", ["https://app.example.org"])
    project.refresh_from_db()
    assert (project.name, project.allowed_origins) == ("Desk", ["https://app.example.org"])


def test_a_bad_origin_changes_nothing(client: Client, project: App) -> None:
    response = send(client, "PATCH", f"/api/apps/{project.pk}", {"name": "Desk", "allowed_origins": ["https://a/b"]})
    assert response.status_code == 400
    assert response.json()["error"] == "validation_failed"
    assert "https://app.example.org" in response.json()["fields"]["allowed_origins"]
    project.refresh_from_db()
    assert project.name == "Ada's laptop"


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once(client: Client, project: App, member: User) -> None:
    response = send(client, "POST", f"/api/apps/{project.pk}/keys", {"name": "laptop"})
    assert response.status_code == 200
    minted = response.json()
    assert set(minted) == {"key", "keyId", "prefix"}
    row = keys.recognise(minted["key"])
    assert (str(row.pk), row.prefix, row.app, row.created_by_id) == (
        minted["keyId"],
        minted["prefix"],
        project,
        member.pk,
    )
    assert minted["key"] not in client.get("/api/keys").content.decode()


def test_a_key_may_have_an_end(client: Client, project: App) -> None:
    ends = timezone.now() + timedelta(days=1)
    send(client, "POST", f"/api/apps/{project.pk}/keys", {"name": "laptop", "expires_at": ends.isoformat()})
    assert ApiKey.everyone.get().expires_at == ends


@pytest.mark.parametrize(
    "ends", ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "tomorrow", True]
)
def test_an_end_must_be_to_come_and_clear(client: Client, project: App, ends: object) -> None:
    response = send(client, "POST", f"/api/apps/{project.pk}/keys", {"name": "laptop", "expires_at": ends})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["expires_at"]
    assert not ApiKey.everyone.exists()


def test_keys_are_listed_without_hash_or_text(client: Client, project: App, other_tenant: Tenant) -> None:
    keys.mint(create_project(other_tenant, "Theirs"), "theirs")
    key, text = keys.mint(project, "laptop")
    response = client.get("/api/keys")
    assert [row["id"] for row in response.json()["keys"]] == [str(key.pk)]
    assert response.json()["keys"][0]["prefix"] == text[:12]
    assert key.key_hash not in response.content.decode()


def test_revoking_a_key(client: Client, project: App) -> None:
    key, _ = keys.mint(project, "laptop")
    first = client.delete(f"/api/keys/{key.pk}")
    assert first.status_code == 200
    assert set(first.json()) == {"revoked_at"}
    assert first.json()["revoked_at"].endswith("Z")
    assert client.delete(f"/api/keys/{key.pk}").json() == first.json()


def test_a_connections_key(client: Client, tenant: Tenant, make_connection: MakeConnection) -> None:
    connection = make_connection(tenant, "notion")
    minted = send(client, "POST", f"/api/connections/{connection.pk}/keys", {"name": "cron"}).json()
    assert keys.recognise(minted["key"]).connection == connection


def test_a_disconnected_one_gets_no_key(client: Client, tenant: Tenant, make_connection: MakeConnection) -> None:
    gone = make_connection(tenant, "notion", status=Connection.Status.REVOKED)
    assert send(client, "POST", f"/api/connections/{gone.pk}/keys", {"name": "cron"}).status_code == 404


def test_disconnecting(client: Client, project: App, make_connection: MakeConnection, monkeypatch: Any) -> None:
    monkeypatch.setattr("connections.revocation.revoke", lambda *_: None)
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    for _ in range(2):
        assert client.delete(f"/api/connections/{connection.pk}").json() == {"ok": True}
    connection.refresh_from_db()
    assert (connection.status, connection.credential) == (Connection.Status.REVOKED, None)
    assert not Binding.everyone.exists()
