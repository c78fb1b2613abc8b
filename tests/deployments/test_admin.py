"""Django admin: every page opens, none shows a secret, and what may be changed is changed the safe way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from connections import vault
from connections.connect import Wish, start
from connections.models import Connection, Integration
from deployments import bindings, events, keys
from deployments.models import ApiKey, Binding, DeployLog, Deployment, EnvironmentVariable
from deployments.projects import create_project
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db
OURS = {"tenants", "connections", "deployments", "wizard", "mfa", "socialaccount"}


@pytest.fixture
def world(
    tenant: Tenant,
    owner: User,
    notion: Integration,
    make_connection: Callable[..., Connection],
    make_deployment: Callable[..., Deployment],
) -> list[str]:
    """A row of nearly everything; returns what must not be seen."""
    deployment = make_deployment(tenant, "notion")
    connection = make_connection(tenant, "notion", refresh_token="secret-refresh-token")
    bindings.bind(deployment.app, connection)
    bindings.bind(create_project(tenant, "Laptop"), connection)
    key, text = keys.mint(deployment.app, "clock")
    started = start(owner, tenant, notion, Wish())
    variable = EnvironmentVariable(tenant=tenant, deployment=deployment, kind="user", name="CLOCK_PASSWORD")
    vault.seal(variable, "value", "secret-variable-value")
    variable.save()
    DeployLog.everyone.create(tenant=tenant, deployment=deployment, step="boot", message="Booting.")
    events.deployment_changed(deployment)
    hidden = [text, key.key_hash, started.attempt.state_hash, started.attempt.browser_hash, owner.password]
    return [*hidden, "v1.", "test-client-secret", "secret-"]


SITES = [model for model in admin.site._registry if model._meta.app_label in OURS]


def page(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.mark.parametrize("model", SITES, ids=lambda model: model._meta.label)
def test_no_page_shows_a_secret(model: type[Model], operator: Client, world: list[str]) -> None:
    listing = operator.get(page(model, "changelist"))
    assert listing.status_code == 200
    texts = [listing.content.decode()]
    for row in model._default_manager.all():
        response = operator.get(page(model, "change", row.pk))
        assert response.status_code == 200
        texts.append(response.content.decode())
    for text in texts:
        shown = [secret for secret in world if secret in text]
        assert not shown


@pytest.mark.parametrize("model", SITES, ids=lambda model: model._meta.label)
def test_no_form_knows_a_column_that_is_sealed_or_hashed(model: type[Model], operator: Client, rf: Any) -> None:
    request = rf.get("/")
    request.user = User.objects.get()
    site = admin.site._registry[model]
    shown = {*site.get_fields(request), *site.get_readonly_fields(request), *site.get_list_display(request)}
    sealed = {field.name for field in model._meta.get_fields() if isinstance(field, vault.VaultField)}
    assert not shown & (
        sealed | {"key_hash", "state_hash", "browser_hash", "lease", "refresh_lease", "data", "token", "secret"}
    )


def test_a_client_secret_goes_in_and_never_out(operator: Client) -> None:
    address = page(Integration, "change", "notion")
    body = {"enabled": "on", "client_id": "our-client", "new_client_secret": " our-secret ", "endpoint_overrides": "{}"}
    assert operator.post(address, body).status_code == 302
    row = Integration.objects.get(slug="notion")
    assert (row.client_id, vault.reveal(row, "client_secret")) == ("our-client", "our-secret")
    text = operator.get(address).content.decode()
    assert "our-secret" not in text
    assert "http://localhost:8000/api/oauth/notion/callback" in text
    operator.post(address, body | {"new_client_secret": "", "client_id": "renamed"})
    row.refresh_from_db()
    assert (row.client_id, vault.reveal(row, "client_secret")) == ("renamed", "our-secret")


@pytest.mark.parametrize(
    "overrides",
    [
        "{",
        "[1]",
        '{"other": "https://x"}',
        '{"token_url": 5}',
        '{"token_url": "https://["}',
        '{"token_url": "http://provider.example"}',
        '{"token_url": "http://localhost.evil.example/"}',
        '{"token_url": "http://localhost:x@evil.example/"}',
        '{"token_url": "http://127.0.0.1@evil.example/"}',
        '{"token_url": "https://provider.example/{"}',
    ],
)
def test_addresses_that_would_give_the_secret_away_are_refused(operator: Client, overrides: str) -> None:
    body = {"enabled": "on", "client_id": "c", "new_client_secret": "typed-secret", "endpoint_overrides": overrides}
    response = operator.post(page(Integration, "change", "notion"), body)
    assert response.status_code == 200
    assert "typed-secret" not in response.content.decode()
    assert Integration.objects.get(slug="notion").client_secret is None


def test_addresses_on_this_machine_are_taken(operator: Client) -> None:
    body = {"enabled": "on", "client_id": "c", "endpoint_overrides": '{"api_url": "http://127.0.0.1:8500/notion"}'}
    assert operator.post(page(Integration, "change", "notion"), body).status_code == 302


def test_keys_can_be_revoked(operator: Client, tenant: Tenant) -> None:
    key, _ = keys.mint(create_project(tenant, "Laptop"), "laptop")
    body = {"action": "revoke", "_selected_action": [str(key.pk)]}
    assert operator.post(page(ApiKey, "changelist"), body).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at


def test_connections_can_be_disconnected_and_the_app_is_told(
    operator: Client, tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    project, chosen = create_project(tenant, "Laptop"), make_connection(tenant, "notion")
    bindings.bind(project, chosen)
    body = {"action": "disconnect", "_selected_action": [str(chosen.pk)]}
    assert operator.post(page(Connection, "changelist"), body).status_code == 302
    chosen.refresh_from_db()
    assert chosen.status == Connection.Status.REVOKED
    assert [event.kind for event in project.events.all()] == ["connection.connected", "connection.disconnected"]


def test_bindings_can_be_taken_away_and_the_app_is_told(
    operator: Client, tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    project = create_project(tenant, "Laptop")
    row = bindings.bind(project, make_connection(tenant, "notion"))
    body = {"action": "unbind", "_selected_action": [str(row.pk)]}
    assert operator.post(page(Binding, "changelist"), body).status_code == 302
    assert bindings.binding(project, "notion") is None
    assert [event.kind for event in project.events.all()] == ["connection.connected", "connection.disconnected"]


@pytest.mark.parametrize("model", [Connection, Deployment, ApiKey])
def test_other_rows_are_for_looking(model: type[Model], operator: Client, world: list[str]) -> None:
    row = model._default_manager.first()
    assert row
    assert operator.post(page(model, "change", row.pk), {"name": "x"}).status_code == 403
    assert operator.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert operator.get(page(model, "add")).status_code == 403


def test_a_person_can_be_added_by_address(operator: Client) -> None:
    body = {
        "email": "new@example.com",
        "usable_password": "true",
        "password1": "correct horse 1",
        "password2": "correct horse 1",
    }
    assert operator.post(page(User, "add"), body).status_code == 302
    assert User.objects.get(email="new@example.com").check_password("correct horse 1")


def test_the_way_in_is_our_own_sign_in(browser: Client) -> None:
    response = browser.get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


def test_members_are_no_operators(owner: User, client_for: Callable[[User], Client]) -> None:
    assert client_for(owner).get("/admin/login/").status_code == 403
    assert client_for(owner).get(page(Connection, "changelist")).status_code == 302
