"""What tools get of keys that people pasted: tokens, entries of their connections, variables."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from connections import variables
from connections.models import Connection
from deployments import bindings, environment, keys
from deployments.models import App, Binding, Deployment, EnvironmentVariable
from tenants.models import Tenant, User
from tests.connections.keyed import SLUGS, Keyed
from tests.simulator import simulated

pytestmark = pytest.mark.django_db


@pytest.fixture(params=SLUGS)
def keyed(request: pytest.FixtureRequest, db: None) -> Iterator[Keyed]:
    with simulated() as simulator:
        yield Keyed(request.param, simulator)


@pytest.fixture
def connection(keyed: Keyed, client_for: Callable[[User], Client], owner: User, project: App) -> Connection:
    """What was pasted on the Connections page, and serves `project`."""
    connection = keyed.connected(client_for(owner))
    bindings.bind(project, connection)
    return connection


def test_it_serves_projects_by_itself_unless_it_can_serve_one_app_alone(
    keyed: Keyed, client_for: Callable[[User], Client], owner: User, project: App
) -> None:
    keyed.connected(client_for(owner))
    assert (bindings.binding(project, keyed.slug) is None) is keyed.integration.provider.exclusive


@pytest.fixture
def tool(connection: Connection, app_key: str, tool_client: Callable[[str], Client]) -> Client:
    """A program of the project."""
    return tool_client(app_key)


def entry(tool: Client, slug: str, query: str = "") -> dict[str, Any]:
    rows = tool.get(f"/api/deployments/me/connections{query}").json()["connections"]
    found: dict[str, Any] = next(row for row in rows if row["slug"] == slug)
    return found


def test_a_key_is_a_token_that_does_not_expire(tool: Client, keyed: Keyed) -> None:
    answer = tool.get(f"/credentials/{keyed.slug}")
    assert answer.json() == {"access_token": keyed.token, "expires_at": None, "token_type": "Bearer"}
    bulk = tool.get("/credentials/_bulk", {"slugs": keyed.slug}).json()["tokens"]
    assert bulk[keyed.slug]["access_token"] == keyed.token


def test_its_entry_holds_every_variable(tool: Client, keyed: Keyed, connection: Connection) -> None:
    found = entry(tool, keyed.slug)
    assert (found["profile"], found["status"], found["id"]) == ("byok_static", "connected", str(connection.pk))
    assert found["credential"] == found["metadata"]["credential"] == variables.of(connection)
    assert {var["name"] for var in found["env_bootstrap"]["vars"]} == keyed.variables.keys()
    assert found["api_key"] is found["base_url"] is None


def test_where_a_variable_comes_from_leads_to_its_value(tool: Client, keyed: Keyed) -> None:
    found = entry(tool, keyed.slug)
    for var in found["env_bootstrap"]["vars"]:
        first, _, rest = var["value_from"].partition(".")
        value = keyed.token if first == "access_token" else found[first][rest]
        assert value == found["credential"][var["name"]]


def test_a_second_program_gets_no_credential_that_only_one_may_use(tool: Client, keyed: Keyed) -> None:
    alone = keyed.integration.provider.exclusive
    found = entry(tool, keyed.slug, "?sandbox=1")
    assert found["exclusive"] is alone
    assert (found["credential"] is None) is alone


def test_a_deployment_gets_them_as_integration_variables(
    keyed: Keyed, connection: Connection, tenant: Tenant, make_deployment: Callable[..., Deployment]
) -> None:
    Binding.everyone.all().delete()
    deployment = make_deployment(tenant, keyed.slug)
    bindings.bind(deployment.app, connection)
    environment.resolve_integrations(deployment)
    rows = EnvironmentVariable.everyone.filter(deployment=deployment, kind="integration")
    assert {row.name for row in rows} == keyed.variables.keys()
    assert {name: environment.values(deployment)[name] for name in keyed.variables} == keyed.variables
    assert set(variables.of(connection).values()) <= set(environment.secret_values(deployment))


def test_a_key_of_the_connection_alone_opens_it_too(
    keyed: Keyed, connection: Connection, tool_client: Callable[[str], Client]
) -> None:
    _, text = keys.mint_for_connection(connection, "cron")
    assert tool_client(text).get(f"/credentials/{keyed.slug}").json()["access_token"] == keyed.token


def test_a_key_that_is_no_longer_good_sends_the_person_to_the_window(
    tool: Client, keyed: Keyed, connection: Connection, client_for: Callable[[User], Client], owner: User
) -> None:
    keyed.takes()
    client_for(owner).post(f"/connections/{connection.pk}/test")
    answer = tool.get(f"/credentials/{keyed.slug}")
    assert (answer.status_code, answer.headers["Vendo-Error-Code"]) == (401, "connection_needs_reauth")
    assert f"/connections/connect/{keyed.slug}?app=" in answer.json()["error"]["connect_url"]
    assert keyed.token not in answer.text
