from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vendo
from fake_dashboard import Dashboard, good, refusal
from vendo import Connection, EnvBootstrap, EnvVar, Integration
from vendo.errors import NotConnected, UpstreamError, ValidationError

LIST = "/api/deployments/me/connections"
ENTRY = {
    "id": "0b7c",
    "external_id": "vendo_conn_1",
    "slug": "telegram",
    "display_name": "A bot",
    "category": "Chat",
    "profile": "api_key",
    "status": "connected",
    "credential": {"TELEGRAM_BOT_TOKEN": "hunter2"},
    "api_key": "hunter2",
    "base_url": "https://vendo.example/proxy/telegram",
    "metadata": {"credential": {"TELEGRAM_BOT_TOKEN": "hunter2"}},
    "context": {"bot": "a"},
    "setup_url": "https://vendo.example/connections/connect/telegram",
    "error_message": "none",
    "connected_at": "2030-01-01T00:00:00Z",
    "env_bootstrap": {"vars": [{"name": "TELEGRAM_BOT_TOKEN", "value_from": "credential"}], "restart": "gateway"},
    "exclusive": True,
    "logo_url": "https://vendo.example/a.svg",
    "brand_color": "#123456",
    "docs_url": "https://telegram.example",
}
BOOTSTRAP = EnvBootstrap((EnvVar("TELEGRAM_BOT_TOKEN", "credential"),), "gateway")
INTEGRATION = {
    "slug": "telegram",
    "provider": "telegram",
    "name": "Telegram",
    "description": "Bots.",
    "category": "Chat",
    "logo_url": "https://vendo.example/a.svg",
    "icon_name": "telegram",
    "brand_color": "#123456",
    "docs_url": "https://telegram.example",
    "supported_profiles": ["api_key"],
    "default_profile": "api_key",
    "enabled": True,
    "featured": True,
    "env_bootstrap": ENTRY["env_bootstrap"],
}


@pytest.mark.usefixtures("vendo_mode")
def test_an_entry_is_read_field_by_field(dashboard: Dashboard) -> None:
    dashboard.say(LIST, good({"connections": [ENTRY | {"something": "new"}]}))
    (connection,) = vendo.connections.list()
    assert {field.name for field in fields(Connection)} == ENTRY.keys()
    expected = ENTRY | {"connected_at": datetime(2030, 1, 1, tzinfo=UTC), "env_bootstrap": BOOTSTRAP}
    assert {name: getattr(connection, name) for name in ENTRY} == expected
    assert connection.is_connected
    assert "hunter2" not in repr(connection)


@pytest.mark.usefixtures("vendo_mode")
def test_one_entry(dashboard: Dashboard) -> None:
    dashboard.say(LIST, good({"connections": [ENTRY]}))
    assert vendo.connections.get("telegram") == asyncio.run(vendo.aio.connections.get("telegram"))
    with pytest.raises(NotConnected, match=r"vendo\.yaml"):
        vendo.connections.get("notion")


@pytest.mark.usefixtures("vendo_mode")
def test_the_list_is_asked_for_each_time(dashboard: Dashboard) -> None:
    dashboard.say(LIST, good({"connections": [ENTRY]}), good({"connections": []}))
    assert len(vendo.connections.list()) == 1
    assert asyncio.run(vendo.aio.connections.list(sandbox=True)) == []
    assert [seen.path for seen in dashboard.seen] == [LIST, f"{LIST}?sandbox=1"]


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("body", [{}, [], {"connections": None}, {"connections": {}}, "x"])
def test_what_is_no_list_is_our_error(dashboard: Dashboard, body: object) -> None:
    dashboard.say(LIST, good(body))
    dashboard.say("/api/integrations", good(body))
    for read in (vendo.connections.list, vendo.integrations.list):
        with pytest.raises(UpstreamError):
            read()


ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.just({"a": 1})
ROWS = st.dictionaries(st.sampled_from([*ENTRY, *INTEGRATION]), ANYTHING)


@pytest.mark.usefixtures("vendo_mode")
@given(row=ROWS)
@settings(database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_field_of_the_wrong_kind_counts_as_missing(dashboard: Dashboard, row: dict[str, object]) -> None:
    dashboard.say(LIST, good({"connections": [row, 7, {**row, "slug": "notion"}]}))
    dashboard.say("/api/integrations", good({"integrations": [row, {**row, "slug": "notion"}]}))
    assert [one.slug for one in vendo.connections.list()][-1] == "notion"
    assert [one.slug for one in vendo.integrations.list()][-1] == "notion"


def test_without_a_dashboard_there_is_a_variable_and_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    assert vendo.connections.list() == []
    assert vendo.connections.get("notion").is_connected
    other = asyncio.run(vendo.aio.connections.get("google-drive"))
    assert (other.status, other.error_message, other.context) == ("available", "set GOOGLE_DRIVE_TOKEN", None)


@pytest.mark.usefixtures("vendo_mode")
def test_an_integration_is_read_field_by_field(dashboard: Dashboard) -> None:
    dashboard.say("/api/integrations", good({"integrations": [INTEGRATION | {"something": "new"}]}))
    dashboard.say("/api/integrations/telegram", good(INTEGRATION))
    (integration,) = vendo.integrations.list()
    assert {field.name for field in fields(Integration)} == INTEGRATION.keys()
    expected = INTEGRATION | {"supported_profiles": ("api_key",), "env_bootstrap": BOOTSTRAP}
    assert {name: getattr(integration, name) for name in INTEGRATION} == expected
    assert integration == vendo.integrations.get("telegram") == asyncio.run(vendo.aio.integrations.get("telegram"))
    assert vendo.integrations.env_vars("telegram") == ["TELEGRAM_BOT_TOKEN"]


@pytest.mark.usefixtures("vendo_mode")
def test_a_provider_whose_credentials_expire_has_no_variables(dashboard: Dashboard) -> None:
    dashboard.say("/api/integrations/telegram", good(INTEGRATION | {"env_bootstrap": None}))
    assert asyncio.run(vendo.aio.integrations.env_vars("telegram")) == []


@pytest.mark.usefixtures("vendo_mode")
def test_an_unknown_provider(dashboard: Dashboard) -> None:
    dashboard.say("/api/integrations/nothing", refusal(404, "provider_unknown"))
    with pytest.raises(ValidationError) as caught:
        vendo.integrations.get("nothing")
    assert (caught.value.code, caught.value.slug) == ("provider_unknown", "nothing")


def test_without_a_dashboard_there_is_no_catalogue() -> None:
    assert vendo.integrations.list() == asyncio.run(vendo.aio.integrations.list()) == []
    assert vendo.integrations.env_vars("notion") == ["NOTION_TOKEN"]
    with pytest.raises(ValidationError, match="VENDO_API_KEY"):
        vendo.integrations.get("notion")


@pytest.mark.parametrize("slug", ["../x", "", "A"])
def test_what_is_no_slug_enters_no_address(slug: str) -> None:
    for read in (vendo.connections.get, vendo.integrations.get, vendo.integrations.env_vars):
        with pytest.raises(ValidationError, match="lower-case"):
            read(slug)
