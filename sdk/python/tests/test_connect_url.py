from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vendo
from fake_dashboard import APP_ID, NO_CONNECTION, Dashboard, good, refusal
from vendo.errors import AuthError, NotConnected, UpstreamError, ValidationError

pytestmark = pytest.mark.usefixtures("vendo_mode")


def test_names_the_app_and_not_the_key(dashboard: Dashboard, key: str) -> None:
    url = vendo.connect_url("notion")
    assert url == f"{dashboard.url}/connections/connect/notion?app={APP_ID}"
    assert key not in url


def test_works_as_well_while_connected(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    vendo.token("notion")
    assert vendo.connect_url("notion") == dashboard.connect_url("notion")
    assert dashboard.seen[-1].headers["X-Vendo-Connection"] == NO_CONNECTION


def test_asks_once_and_then_knows_it_for_every_provider(dashboard: Dashboard) -> None:
    vendo.connect_url("notion")
    assert vendo.connect_url("google-drive") == dashboard.connect_url("google-drive")
    assert asyncio.run(vendo.aio.connect_url("slack")) == dashboard.connect_url("slack")
    assert len(dashboard.seen) == 1


def test_async_asks_too(dashboard: Dashboard) -> None:
    assert asyncio.run(vendo.aio.connect_url("notion", state="s")) == f"{dashboard.connect_url('notion')}&state=s"


def test_an_earlier_error_has_told_it_already(dashboard: Dashboard) -> None:
    with pytest.raises(NotConnected):
        vendo.token("notion")
    assert vendo.connect_url("slack") == dashboard.connect_url("slack")
    assert len(dashboard.seen) == 1


def test_public_address_of_the_server_wins_over_the_one_we_call(dashboard: Dashboard) -> None:
    public = "https://vendo.example/connections/connect/notion?app=a1"
    dashboard.say("/credentials/notion", refusal(403, "binding_missing", slug="notion", connect_url=public))
    assert vendo.connect_url("notion") == public
    assert vendo.connect_url("slack") == "https://vendo.example/connections/connect/slack?app=a1"


def test_return_to_and_state_are_appended(dashboard: Dashboard) -> None:
    url = vendo.connect_url("notion", return_to="https://tool.example/done?a=1&b=2#c", state="x y&z")
    assert url.startswith(dashboard.connect_url("notion") + "&")
    assert parse_qs(urlsplit(url).query) == {
        "app": [APP_ID],
        "return_to": ["https://tool.example/done?a=1&b=2#c"],
        "state": ["x y&z"],
    }


@given(return_to=st.text(st.characters(codec="utf-8"), min_size=1), state=st.text(min_size=1))
@settings(database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_can_add_or_replace_a_parameter(return_to: str, state: str) -> None:
    query = parse_qs(urlsplit(vendo.connect_url("notion", return_to=return_to, state=state)).query, strict_parsing=True)
    assert query.keys() == {"app", "return_to", "state"}
    assert query["app"] == [APP_ID]
    assert query["return_to"] == [return_to]


def test_connect_url_of_another_shape_is_used_for_its_own_provider_only(dashboard: Dashboard) -> None:
    odd = "https://vendo.example/c?slug=notion"
    dashboard.say("/credentials/notion", refusal(403, "binding_missing", slug="notion", connect_url=odd))
    assert vendo.connect_url("notion", state="s") == f"{odd}&state=s"
    assert vendo.connect_url("slack") == dashboard.connect_url("slack")


def test_without_the_apps_id_the_url_holds_no_key_either(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", good({"access_token": "n"}))
    assert vendo.connect_url("notion", state="s") == f"{dashboard.url}/connections/connect/notion?state=s"


def test_without_the_apps_id_and_a_base_url_it_says_what_to_set(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VENDO_BASE_URL")
    dashboard.say("/credentials/notion", good({"access_token": "n"}))
    with pytest.raises(ValidationError, match="set VENDO_BASE_URL"):
        vendo.connect_url("notion")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "app_revoked", AuthError),
        (404, "provider_unknown", ValidationError),
        (502, "upstream_error", UpstreamError),
    ],
)
def test_other_refusals_are_raised(
    dashboard: Dashboard, status: int, code: str, expected: type[vendo.errors.VendoError]
) -> None:
    dashboard.say("/credentials/notion", refusal(status, code))
    with pytest.raises(expected):
        vendo.connect_url("notion")
