"""Django admin: every page opens, none shows a secret, and what may be changed is changed the safe way."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection as database
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections import refreshes, vault
from connections.connect import Wish, start
from connections.models import Connection, Integration
from deployments import activity, bindings, events, keys
from deployments.models import ApiKey, Binding, DeployLog, Deployment, EnvironmentVariable
from deployments.projects import create_project
from tenants.models import Membership, Tenant, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def furnish(
    notion: Integration, make_connection: Callable[..., Connection], make_deployment: Callable[..., Deployment]
) -> Callable[[str], list[str]]:
    """slug → a workspace with a row of nearly everything; returns what must not be seen."""

    def furnish(slug: str) -> list[str]:
        tenant = Tenant.objects.create(name=slug.title(), slug=slug)
        owner = User.objects.create_user(f"{slug}@vendo.example", "correct horse battery")
        Membership.objects.create(user=owner, tenant=tenant, role=Membership.Role.OWNER)
        deployment = make_deployment(tenant, "notion")
        connection = make_connection(tenant, "notion", refresh_token="secret-refresh-token")
        _seal(connection, "further_secrets", '{"signing": "secret-further"}')
        refreshes.note(connection, "upstream_error")
        bindings.bind(deployment.app, connection)
        bindings.bind(create_project(tenant, "Laptop"), connection)
        key, text = keys.mint(deployment.app, "clock", by=owner)
        attempt = start(owner, tenant, notion, Wish(opener_state="secret-state")).attempt
        _seal(attempt, "pending", "secret-grant")
        variable = EnvironmentVariable(tenant=tenant, deployment=deployment, kind="user", name="CLOCK_PASSWORD")
        _seal(variable, "value", "secret-variable-value")
        DeployLog.everyone.create(tenant=tenant, deployment=deployment, step="boot", message="Booting.")
        activity.note(deployment, "restarted", by=owner)
        events.deployment_changed(deployment)
        hidden = [text, key.key_hash, attempt.state_hash, attempt.browser_hash, owner.password]
        return [*hidden, "v1.", "test-client-secret", "secret-"]

    return furnish


@pytest.fixture
def world(furnish: Callable[[str], list[str]]) -> list[str]:
    """One such workspace."""
    return furnish("acme")


def _seal(row: Any, field: str, text: str) -> None:
    vault.seal(row, field, text)
    row.save()


SITES = list(admin.site._registry)


EVERYWHERE = ("/admin/", "/admin/connections/", "/admin/deployments/", "/admin/connections/integration/notion/try/")


def page(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def answers_about(client: Client, model: type[Model]) -> Iterator[Any]:
    """Every page there is: the list, found and filtered; each row's own, its history, its end; the empty form."""
    site = admin.site._registry[model]
    yield client.get(page(model, "changelist"))
    yield client.get(page(model, "changelist"), {"q": "acme"})
    yield client.get(page(model, "add"))
    for row in model._default_manager.all():
        for name in ("change", "history", "delete"):
            yield client.get(page(model, name, row.pk))
        for action in site.actions or ():
            yield client.post(page(model, "changelist"), {"action": action, "_selected_action": [str(row.pk)]})
            form = {"CHANGE_FORM-action": action, "_selected_action": [str(row.pk)]}
            yield client.post(page(model, "change", row.pk), form)


@pytest.mark.parametrize("model", SITES, ids=lambda model: model._meta.label)
def test_no_page_shows_a_secret(model: type[Model], operator: Client, world: list[str]) -> None:
    answers = list(answers_about(operator, model))
    assert {answer.status_code for answer in answers} <= {200, 302, 403}
    assert answers[0].status_code == 200
    for answer in answers:
        shown = [secret for secret in world if secret in answer.text]
        assert not shown


@pytest.mark.parametrize("address", EVERYWHERE)
def test_no_page_beside_them_does(address: str, operator: Client, world: list[str]) -> None:
    answer = operator.get(address)
    assert answer.status_code == 200
    assert not [secret for secret in world if secret in answer.text]


def test_lists_take_as_many_queries_for_many_rows_as_for_few(
    operator: Client, furnish: Callable[[str], list[str]]
) -> None:
    def queries(model: type[Model]) -> int:
        with CaptureQueriesContext(database) as taken:
            assert operator.get(page(model, "changelist")).status_code == 200
        return len(taken)

    furnish("a-first"), furnish("a-second")
    few = {model: queries(model) for model in SITES for _ in range(2)}  # what is read once is read
    for number in range(8):
        furnish(f"more-{number}")
    many = {model: queries(model) for model in SITES}
    assert {model._meta.label: many[model] for model in SITES if many[model] > few[model]} == {}
    assert max(many.values()) <= 20


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


def chosen(action: str, row: Model, **more: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(row.pk)], **more}


def test_keys_can_be_revoked(operator: Client, tenant: Tenant) -> None:
    key, _ = keys.mint(create_project(tenant, "Laptop"), "laptop")
    asked = operator.post(page(ApiKey, "changelist"), chosen("revoke", key))
    assert "This can&#x27;t be undone" in asked.text
    assert ApiKey.everyone.filter(revoked_at=None).exists()
    assert operator.post(page(ApiKey, "changelist"), chosen("revoke", key, confirmed="yes")).status_code == 302
    assert not ApiKey.everyone.filter(revoked_at=None).exists()
    assert LogEntry.objects.get().change_message == "Revoked."


def test_bindings_can_be_taken_away_and_the_app_is_told(
    operator: Client, tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    project = create_project(tenant, "Laptop")
    row = bindings.bind(project, make_connection(tenant, "notion"))
    operator.post(page(Binding, "changelist"), chosen("unbind", row))
    assert bindings.binding(project, "notion") == row
    assert operator.post(page(Binding, "changelist"), chosen("unbind", row, confirmed="yes")).status_code == 302
    assert bindings.binding(project, "notion") is None
    assert [event.kind for event in project.events.all()] == ["connection.connected", "connection.disconnected"]
    assert LogEntry.objects.get().change_message == "Taken away from Laptop."


def test_nobody_is_deleted_out_of_the_audit_log(operator: Client, owner: User) -> None:
    assert operator.post(page(User, "delete", owner.pk), {"post": "yes"}).status_code == 403
    operator.post(page(User, "changelist"), chosen("delete_selected", owner, post="yes"))
    assert User.objects.filter(pk=owner.pk).exists()


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
    client = client_for(owner)
    assert client.get(page(Connection, "changelist")).status_code == 302
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "You are signed in as owner@acme.example" in answer.text


def test_operators_without_a_permission_are_told_so(client_for: Callable[[User], Client], world: list[str]) -> None:
    looker = User.objects.create_user("looker@vendo.example", "correct horse battery", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_connection"))
    client, row = client_for(looker), Connection.everyone.get()
    assert client.get(page(Connection, "change", row.pk)).status_code == 200
    client.post(page(Connection, "changelist"), chosen("disconnect", row, confirmed="yes"))
    row.refresh_from_db()
    assert row.live
    answer = client.get(page(Tenant, "changelist"))
    assert answer.status_code == 403
    assert "Your account may not do this here" in answer.text
