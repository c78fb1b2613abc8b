from __future__ import annotations

import asyncio

import pytest

import vendo
from fake_dashboard import Dashboard, good, refusal
from vendo.errors import NeedsReauth, NotConnected, UpstreamError


@pytest.mark.usefixtures("vendo_mode")
def test_comes_from_the_dashboard(dashboard: Dashboard, key: str) -> None:
    dashboard.connect("notion", "secret_notion")
    assert vendo.token("notion") == "secret_notion"
    request = dashboard.seen[0]
    assert request.path == "/credentials/notion"
    assert request.headers["Authorization"] == f"Bearer {key}"
    assert request.headers["User-Agent"] == f"vendo-python/{vendo.__version__}"


@pytest.mark.usefixtures("vendo_mode")
def test_comes_from_the_dashboard_async(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "secret_notion")
    assert asyncio.run(vendo.aio.token("notion")) == "secret_notion"


def test_client_with_key_and_address_of_its_own_ignores_the_environment(
    dashboard: Dashboard, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDO_API_KEY", "vendo_sk_of_somebody_else")
    monkeypatch.setenv("VENDO_CREDENTIALS_URL", "http://127.0.0.1:1/credentials")
    dashboard.connect("notion", "secret_notion")
    assert vendo.Vendo(key, dashboard.url).token("notion") == "secret_notion"
    assert dashboard.seen[0].headers["Authorization"] == f"Bearer {key}"


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(
    ("slug", "name"), [("notion", "VENDO_TOKEN_NOTION"), ("google-drive", "VENDO_TOKEN_GOOGLE_DRIVE")]
)
def test_override_wins_over_the_dashboard(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, slug: str, name: str
) -> None:
    dashboard.connect(slug, "from the dashboard")
    assert vendo.token(slug) == "from the dashboard"
    monkeypatch.setenv(name, "mine")
    assert vendo.token(slug) == "mine"
    assert asyncio.run(vendo.aio.token(slug)) == "mine"


@pytest.mark.usefixtures("vendo_mode")
def test_own_variable_does_not_stand_in_for_a_missing_connection(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "stale")
    with pytest.raises(NotConnected):
        vendo.token("notion")


@pytest.mark.usefixtures("vendo_mode")
def test_not_connected_says_where_to_connect(dashboard: Dashboard) -> None:
    with pytest.raises(NotConnected) as caught:
        vendo.token("notion")
    error = caught.value
    assert (error.code, error.status, error.slug) == ("binding_missing", 403, "notion")
    assert error.connect_url == dashboard.connect_url("notion")
    assert str(error) == error.message == "Nothing is connected for notion. Open connect_url to connect it."


@pytest.mark.usefixtures("vendo_mode")
def test_error_is_not_cached(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", refusal(401, "connection_needs_reauth"), good({"access_token": "new"}))
    with pytest.raises(NeedsReauth):
        vendo.token("notion")
    assert vendo.token("notion") == "new"


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "secret",
        {},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "secret", "expires_at": "soon"},
        {"access_token": "secret", "expires_at": 1893456000},
    ],
)
def test_answer_that_is_no_token_is_an_upstream_error(dashboard: Dashboard, body: object) -> None:
    dashboard.say("/credentials/notion", good(body))
    with pytest.raises(UpstreamError) as caught:
        vendo.token("notion")
    assert (caught.value.code, caught.value.slug) == ("invalid_response", "notion")
    assert "secret" not in str(vars(caught.value))
