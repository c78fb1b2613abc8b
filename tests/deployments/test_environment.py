"""The variables of a running tool."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection, Integration
from deployments import bindings, environment, keys
from deployments.models import ApiKey, Deployment, EnvironmentVariable
from tenants.models import Tenant, User
from tests.deployments.fakes import deployed, release_of

pytestmark = pytest.mark.postgres

type Make = Callable[..., Connection]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.BASE_URL = "https://vendo.example"


@pytest.fixture
def deployment(tenant: Tenant, owner: User, tmp_path: Path, make_connection: Make) -> Deployment:
    release = release_of(
        tmp_path / "clock",
        integrations=["notion", {"provider": "googledrive", "optional": True}],
        secrets={"SESSION": "random_hex", "SALT": "random_base64", "NODE": "uuid"},
        userInputs=[
            {"key": "TEAM", "label": "Team", "category": "user_optional"},
            {"key": "PIN", "label": "PIN", "inputType": "password", "category": "user_optional"},
        ],
        services=[
            {
                "role": "web",
                "env": {
                    "API": "${integrations.notion.api_url}/v1",
                    "GREETING": "${inputs.TEAM}@${system.VENDO_DEPLOYMENT_SLUG}:${system.PORT}",
                    "COOKIE": "s-${secrets.SESSION}",
                    "PLAIN": "costs $5",
                },
            }
        ],
    )
    chosen = {"notion": make_connection(tenant, "notion")}
    deployment = deployed(tenant, release, user=owner, inputs={"TEAM": "Ada", "PIN": "s3cret-pin"}, chosen=chosen)
    deployment.port = 8123
    deployment.save()
    environment.make_secrets(deployment)
    return deployment


def bind(deployment: Deployment, slug: str, make_connection: Make, **fields: Any) -> Connection:
    connection = make_connection(deployment.tenant, slug, **fields)
    bindings.bind(deployment.app, connection)
    return connection


def test_system_variables_are_those_of_the_contract(deployment: Deployment, tenant: Tenant) -> None:
    environment.resolve(deployment)
    found = environment.values(deployment)
    key = found["VENDO_API_KEY"]
    assert keys.authenticate(key).app == deployment.app
    assert {name: found[name] for name in found if name.startswith("VENDO_")} == {
        "VENDO_API_KEY": key,
        "VENDO_DEPLOYMENT_TOKEN": key,
        "VENDO_BASE_URL": "https://vendo.example",
        "VENDO_API_URL": "https://vendo.example",
        "VENDO_CREDENTIALS_URL": "https://vendo.example/credentials",
        "VENDO_DATA_PROXY_URL": "https://vendo.example/proxy/composio",
        "VENDO_TENANT_ID": str(tenant.pk),
        "VENDO_DEPLOYMENT_ID": str(deployment.pk),
        "VENDO_DEPLOYMENT_SLUG": "clock",
        "VENDO_WEBHOOK_SECRET": found["VENDO_WEBHOOK_SECRET"],
    }
    assert (found["PORT"], found["DOMAIN"]) == ("8123", "127.0.0.1:8123")


def test_placeholders_are_filled_in(deployment: Deployment, notion: Integration) -> None:
    notion.endpoint_overrides = {"api_url": "http://sandbox.test/notion/"}
    notion.save()
    environment.resolve(deployment)
    found = environment.values(deployment)
    assert found["API"] == "http://sandbox.test/notion/v1"
    assert found["GREETING"] == "Ada@clock:8123"
    assert found["COOKIE"] == f"s-{found['SESSION']}"
    assert found["PLAIN"] == "costs $5"


def test_secrets_are_made_once_and_as_declared(deployment: Deployment) -> None:
    before = environment.values(deployment)
    assert len(bytes.fromhex(before["SESSION"])) == 32
    assert uuid.UUID(before["NODE"]).version == 4
    assert environment.make_secrets(deployment) == []
    environment.resolve(deployment)
    after = environment.values(deployment)
    assert {name: after[name] for name in before} == before
    assert ApiKey.everyone.filter(app=deployment.app).count() == 1


def test_a_secret_that_is_lost_is_made_alone(deployment: Deployment) -> None:
    EnvironmentVariable.everyone.filter(name="SALT").delete()
    assert environment.make_secrets(deployment) == ["SALT"]


def test_a_token_that_does_not_expire_is_a_variable(deployment: Deployment, make_connection: Make) -> None:
    bind(deployment, "notion", make_connection)
    environment.resolve(deployment)
    row = EnvironmentVariable.everyone.get(name="NOTION_TOKEN")
    assert (row.kind, row.integration_id) == ("integration", "notion")
    assert environment.values(deployment)["NOTION_TOKEN"] == "secret-notion-token"


def test_a_token_that_expires_is_never_a_variable(deployment: Deployment, make_connection: Make) -> None:
    hour = timezone.now() + timedelta(hours=1)
    bind(deployment, "notion", make_connection, expires_at=hour)
    bind(deployment, "googledrive", make_connection, expires_at=hour)
    environment.resolve(deployment)
    assert not {name for name in environment.values(deployment) if "TOKEN" in name} - {"VENDO_DEPLOYMENT_TOKEN"}


@pytest.mark.parametrize(("status", "there"), [("needs_reauth", True), ("error", True), ("revoked", False)])
def test_only_a_disconnect_takes_the_token_away(
    deployment: Deployment, make_connection: Make, status: str, there: bool
) -> None:
    connection = bind(deployment, "notion", make_connection)
    Connection.everyone.filter(pk=connection.pk).update(status=status)
    environment.resolve(deployment)
    assert ("NOTION_TOKEN" in environment.values(deployment)) is there


def test_a_rebind_changes_the_revision_at_once_and_rebinding_back_restores_it(
    deployment: Deployment, make_connection: Make
) -> None:
    first = bind(deployment, "notion", make_connection)
    one = environment.resolve(deployment)
    bind(deployment, "notion", make_connection, token="another-token")
    deployment.refresh_from_db()
    two = deployment.env_wanted
    bindings.bind(deployment.app, first)
    deployment.refresh_from_db()
    assert deployment.env_wanted == one != two
    assert environment.resolve(deployment) == one


def test_resolving_again_writes_nothing(deployment: Deployment, make_connection: Make) -> None:
    bind(deployment, "notion", make_connection)
    environment.resolve(deployment)
    before = dict(EnvironmentVariable.everyone.values_list("name", "value"))
    environment.resolve(deployment)
    assert dict(EnvironmentVariable.everyone.values_list("name", "value")) == before


def test_no_value_is_readable_in_the_database(deployment: Deployment, make_connection: Make) -> None:
    bind(deployment, "notion", make_connection)
    environment.resolve(deployment)
    rows = str(list(EnvironmentVariable.everyone.values()))
    assert not [value for value in environment.secret_values(deployment) if value in rows]
    assert "Ada" not in environment.secret_values(deployment)


def test_what_must_not_be_seen(deployment: Deployment, make_connection: Make) -> None:
    bind(deployment, "notion", make_connection)
    environment.resolve(deployment)
    found, hidden = environment.values(deployment), environment.secret_values(deployment)
    names = ("VENDO_API_KEY", "VENDO_WEBHOOK_SECRET", "SESSION", "SALT", "NODE", "PIN", "NOTION_TOKEN")
    assert {found[name] for name in names} == set(hidden)


def test_the_revision_is_of_the_content_alone() -> None:
    assert environment.revision({"A": "1", "B": "2"}) == environment.revision({"B": "2", "A": "1"})
    assert environment.revision({"A": "1", "B": "2"}) != environment.revision({"A": "12", "B": ""})
