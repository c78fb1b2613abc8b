"""What an app sees of its integrations (contract section 4)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.catalog import EnvVar, Provider, Proxy
from connections.connect import disconnect
from connections.models import Connection, Integration
from deployments import bindings, keys
from deployments.models import App, Deployment
from deployments.projects import create_project
from tenants.models import Tenant

pytestmark = pytest.mark.django_db
type MakeConnection = Callable[..., Connection]
type MakeDeployment = Callable[..., Deployment]
type ToolClient = Callable[[str], Client]
type ExtraProvider = Callable[..., Integration]

PATH = "/api/deployments/me/connections"
TYPES: dict[str, tuple[type, ...]] = {
    "id": (str, type(None)),
    "external_id": (str, type(None)),
    "slug": (str,),
    "display_name": (str,),
    "category": (str,),
    "profile": (str,),
    "status": (str,),
    "credential": (dict, type(None)),
    "api_key": (str, type(None)),
    "base_url": (str, type(None)),
    "metadata": (dict,),
    "context": (dict, type(None)),
    "setup_url": (str, type(None)),
    "error_message": (str, type(None)),
    "connected_at": (str, type(None)),
    "env_bootstrap": (dict, type(None)),
    "exclusive": (bool,),
    "logo_url": (str,),
    "brand_color": (str,),
    "docs_url": (str,),
}


@pytest.fixture
def tool(app_key: str, tool_client: ToolClient) -> Client:
    """A program with the project's key."""
    return tool_client(app_key)


@pytest.fixture
def bound(project: App, make_connection: MakeConnection) -> Callable[..., Connection]:
    """(slug, **fields) → a connection that the project is bound to."""

    def make(slug: str, **fields: Any) -> Connection:
        connection = make_connection(project.tenant, slug, **fields)
        bindings.bind(project, connection)
        return connection

    return make


@pytest.fixture
def tool_with(
    tenant: Tenant, make_deployment: MakeDeployment, make_connection: MakeConnection, tool_client: ToolClient
) -> Callable[..., Client]:
    """(*slugs) → a deployed tool that declares these and is bound to a connection for each."""

    def make(*slugs: str) -> Client:
        app = make_deployment(tenant, *slugs).app
        for slug in slugs:
            bindings.bind(app, make_connection(tenant, slug))
        return tool_client(keys.mint(app, "tool")[1])

    return make


def entries(tool: Client, query: str = "") -> dict[str, dict[str, Any]]:
    """slug → entry."""
    response = tool.get(f"{PATH}{query}")
    assert response.status_code == 200, response.content
    rows = response.json()["connections"]
    found = {row["slug"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_key_is_there_with_its_type(tool: Client, project: App, make_connection: MakeConnection) -> None:
    bindings.bind(project, make_connection(project.tenant, "notion"))
    for entry in entries(tool).values():
        assert entry.keys() == TYPES.keys()
        for name, value in entry.items():
            assert isinstance(value, TYPES[name]), name


def test_what_is_connected(tool: Client, project: App, make_connection: MakeConnection) -> None:
    connection = make_connection(
        project.tenant,
        "notion",
        display_name="Our wiki",
        metadata={"workspace_id": "w1", "context": {"notion": {"ref": "abcd1234"}}},
    )
    bindings.bind(project, connection)
    entry = entries(tool)["notion"]
    assert UUID(entry["id"]) == connection.pk
    assert entry["connected_at"].endswith("Z")
    assert entry | {"id": "", "connected_at": ""} == {
        "id": "",
        "external_id": connection.external_id,
        "slug": "notion",
        "display_name": "Our wiki",
        "category": "Documents",
        "profile": "oauth_app_install",
        "status": "connected",
        "credential": {"NOTION_TOKEN": "secret-notion-token"},
        "api_key": None,
        "base_url": None,
        "metadata": {
            "workspace_id": "w1",
            "context": {"notion": {"ref": "abcd1234"}},
            "credential": {"NOTION_TOKEN": "secret-notion-token"},
        },
        "context": {"ref": "abcd1234"},
        "setup_url": None,
        "error_message": None,
        "connected_at": "",
        "env_bootstrap": {"vars": [{"name": "NOTION_TOKEN", "value_from": "access_token"}], "restart": "gateway"},
        "exclusive": False,
        "logo_url": "http://localhost:8000/logos/notion.svg",
        "brand_color": "#191919",
        "docs_url": "https://developers.notion.com/docs/authorization",
    }


def test_what_could_be_connected(tool: Client, project: App) -> None:
    entry = entries(tool)["googledrive"]
    assert entry["status"] == "available"
    assert entry["display_name"] == "Google Drive"
    assert entry["profile"] == "user_oauth"
    assert entry["setup_url"] == f"http://localhost:8000/connections/connect/googledrive?app={project.pk}"
    assert entry["metadata"] == {}
    nothing = {"id", "external_id", "credential", "context", "connected_at", "error_message", "env_bootstrap"}
    assert {entry[name] for name in nothing} == {None}


@pytest.mark.parametrize("status", ["needs_reauth", "error"])
def test_what_needs_a_person(tool: Client, project: App, make_connection: MakeConnection, status: str) -> None:
    connection = make_connection(project.tenant, "notion", status=status, error_message="Sign in again.")
    bindings.bind(project, connection)
    entry = entries(tool)["notion"]
    assert (entry["id"], entry["status"], entry["error_message"]) == (str(connection.pk), status, "Sign in again.")
    assert entry["setup_url"].endswith(f"?app={project.pk}")


def test_a_disconnected_one_reads_available(tool: Client, project: App, make_connection: MakeConnection) -> None:
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    Connection.everyone.filter(pk=connection.pk).update(status=Connection.Status.REVOKED)
    entry = entries(tool)["notion"]
    assert (entry["status"], entry["id"], entry["credential"]) == ("available", None, None)
    assert entry["setup_url"]


def test_a_disconnect_shows_at_once(
    tool: Client, project: App, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.revocation.revoke", lambda *_: None)
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    assert entries(tool)["notion"]["status"] == "connected"
    disconnect(connection)
    assert entries(tool)["notion"]["status"] == "available"


def test_a_credential_that_expires_is_not_told(tool: Client, project: App, make_connection: MakeConnection) -> None:
    ends = timezone.now() + timedelta(hours=1)
    bindings.bind(project, make_connection(project.tenant, "notion", expires_at=ends))
    response = tool.get(PATH)
    assert "secret-notion-token" not in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_a_credential_that_no_longer_works_is_not_told(
    tool: Client, project: App, make_connection: MakeConnection
) -> None:
    bindings.bind(project, make_connection(project.tenant, "notion", status="needs_reauth"))
    assert "secret-notion-token" not in tool.get(PATH).text


def test_a_secret_that_does_not_open_spoils_no_list(
    tool: Client, project: App, make_connection: MakeConnection, caplog: pytest.LogCaptureFixture
) -> None:
    broken = make_connection(project.tenant, "notion")
    bindings.bind(project, broken)
    Connection.everyone.filter(pk=broken.pk).update(credential="v1.gone.AAAA")
    entry = entries(tool)["notion"]
    assert (entry["status"], entry["credential"]) == ("connected", None)
    assert str(broken.pk) in caplog.text


# --- which integrations -----------------------------------------------------------------------------------------------


def test_a_project_sees_everything_that_is_enabled(tool: Client) -> None:
    assert {"notion", "googledrive"} <= entries(tool).keys()
    Integration.objects.filter(slug="googledrive").update(enabled=False)
    assert "googledrive" not in entries(tool)


def test_a_deployment_sees_what_it_declares_and_what_is_bound_beside(
    tenant: Tenant,
    make_deployment: MakeDeployment,
    make_connection: MakeConnection,
    tool_client: ToolClient,
    extra_provider: ExtraProvider,
) -> None:
    extra_provider("third")
    app = make_deployment(tenant, "notion").app
    tool = tool_client(keys.mint(app, "tool")[1])
    assert [*entries(tool)] == ["notion"]
    bindings.bind(app, make_connection(tenant, "googledrive"))
    assert {slug: entry["status"] for slug, entry in entries(tool).items()} == {
        "notion": "available",
        "googledrive": "connected",
    }


def test_an_integration_with_several_connections_is_one_entry(
    tool: Client, project: App, make_connection: MakeConnection
) -> None:
    make_connection(project.tenant, "notion", display_name="Unused")
    bindings.bind(project, make_connection(project.tenant, "notion", display_name="Bound"))
    assert entries(tool)["notion"]["display_name"] == "Bound"


# --- exclusive providers, and those that have no token to give --------------------------------------------------------


@pytest.mark.parametrize(("query", "told"), [("", True), ("?sandbox=0", True), ("?sandbox=1", False)])
def test_a_sandbox_gets_no_credential_that_only_one_may_use(
    tool: Client, bound: MakeConnection, extra_provider: ExtraProvider, query: str, told: bool
) -> None:
    extra_provider("lonely", exclusive=True, env=(EnvVar(name="LONELY_TOKEN"),))
    for slug in ("lonely", "notion"):
        bound(slug)
    found = entries(tool, query)
    assert found["lonely"]["exclusive"] is True
    assert (found["lonely"]["credential"] == {"LONELY_TOKEN": "secret-lonely-token"}) is told
    assert ("credential" in found["lonely"]["metadata"]) is told
    assert found["lonely"]["status"] == "connected"
    assert found["notion"]["credential"] == {"NOTION_TOKEN": "secret-notion-token"}


def test_who_has_no_token_to_give_is_reached_through_our_proxy(
    tool: Client,
    app_key: str,
    bound: MakeConnection,
    extra_provider: ExtraProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for slug in ("brokered", "brokered-later"):
        extra_provider(slug, env=(), proxy=Proxy())
    bound("brokered")
    tokens = Provider.oauth.fget  # type: ignore[attr-defined]
    without = property(lambda self: None if self.slug.startswith("brokered") else tokens(self))
    monkeypatch.setattr(Provider, "oauth", without)
    found = entries(tool)
    assert found["brokered"]["api_key"] == app_key
    assert found["brokered"]["base_url"] == "http://localhost:8000/proxy/brokered"
    for slug in ("brokered-later", "notion"):
        assert found[slug]["api_key"] is found[slug]["base_url"] is None


# --- who may ask ------------------------------------------------------------------------------------------------------


def test_a_connection_key_is_not_taken(
    tenant: Tenant, make_connection: MakeConnection, tool_client: ToolClient
) -> None:
    _, text = keys.mint_for_connection(make_connection(tenant, "notion"), "cron")
    response = tool_client(text).get(PATH)
    assert (response.status_code, response.headers["Vendo-Error-Code"]) == (401, "app_unknown")
    assert "secret" not in response.text


def test_nobody_and_a_session_are_not_taken(owner: Any, client_for: Callable[..., Client]) -> None:
    for client in (Client(), client_for(owner)):
        assert client.get(PATH).headers["Vendo-Error-Code"] == "app_unknown"


def test_another_tenant_sees_nothing_of_ours(
    project: App, other_tenant: Tenant, make_connection: MakeConnection, tool_client: ToolClient
) -> None:
    connection = make_connection(project.tenant, "notion", display_name="Our wiki")
    bindings.bind(project, connection)
    theirs = tool_client(keys.mint(create_project(other_tenant, "Theirs"), "x")[1])
    text = theirs.get(
        PATH, headers={"x-vendo-tenant-id": str(project.tenant.pk), "x-vendo-app-id": str(project.pk)}
    ).text
    for told in ("Our wiki", "secret-notion-token", str(connection.pk), str(project.pk), connection.external_id):
        assert told not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_wrong_method(tool: Client, method: str) -> None:
    response = tool.generic(method, PATH)
    assert (response.status_code, response.headers["Vendo-Error-Code"]) == (405, "method_not_allowed")


# --- few queries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 30])
def test_a_project_takes_three_queries_whatever_the_number(
    tool: Client,
    bound: MakeConnection,
    extra_provider: ExtraProvider,
    django_assert_num_queries: DjangoAssertNumQueries,
    many: int,
) -> None:
    for number in range(many):
        bound(extra_provider(f"p{number}").slug)
    tool.get(PATH)  # the use of the key is noted
    with django_assert_num_queries(3):  # key, bindings, integrations
        found = entries(tool)
    assert sum(entry["status"] == "connected" for entry in found.values()) == many


@pytest.mark.parametrize("many", [1, 30])
def test_a_deployment_takes_four(
    tool_with: Callable[..., Client],
    extra_provider: ExtraProvider,
    django_assert_num_queries: DjangoAssertNumQueries,
    many: int,
) -> None:
    tool = tool_with(*(extra_provider(f"p{number}").slug for number in range(many)))
    tool.get(PATH)
    with django_assert_num_queries(4):  # key, deployment with release, bindings, integrations
        assert len(entries(tool)) == many
