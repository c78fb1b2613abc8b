from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vendo
from fake_dashboard import Dashboard
from vendo._settings import Settings
from vendo.errors import ValidationError

KEY = "vendo_sk_0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("VENDO_API_KEY", KEY)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "argument", "base_url", "credentials_url"),
    [
        ({"BASE": "http://a"}, None, "http://a", "http://a/credentials"),
        ({"API": "http://b"}, None, "http://b", "http://b/credentials"),
        ({"BASE": "http://a", "API": "http://b"}, None, "http://a", "http://a/credentials"),
        ({"BASE": "", "API": "http://b"}, None, "http://b", "http://b/credentials"),
        ({"BASE": "http://a", "CREDENTIALS": "https://c.a"}, None, "http://a", "https://c.a"),
        ({"CREDENTIALS": "https://c.a"}, None, None, "https://c.a"),
        ({"BASE": "http://a", "CREDENTIALS": "https://c.a"}, "http://d", "http://d", "http://d/credentials"),
        ({"BASE": "http://a/"}, None, "http://a", "http://a/credentials"),
        ({}, " http://localhost:8000/ ", "http://localhost:8000", "http://localhost:8000/credentials"),
        ({}, "http://[::1]:8000", "http://[::1]:8000", "http://[::1]:8000/credentials"),
        ({}, None, None, None),
    ],
)
def test_which_address_wins(
    environment: pytest.MonkeyPatch,
    variables: dict[str, str],
    argument: str | None,
    base_url: str | None,
    credentials_url: str | None,
) -> None:
    for name, value in variables.items():
        environment.setenv(f"VENDO_{name}_URL", value)
    read = Settings.read(None, argument)
    assert (read.api_key, read.base_url, read.credentials_url) == (KEY, base_url, credentials_url)


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8000",
        "ftp://vendo.example",
        "file:///etc/passwd",
        "http://",
        "http://user:hunter2@vendo.example",
        "https://vendo.example/?a=hunter2",
        "https://vendo.example/#a",
        "https://vendo.example:port",
        "https://vendo.example/a b",
        "https://vendo.example\r\nX: hunter2",
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(environment: pytest.MonkeyPatch, address: str) -> None:
    with pytest.raises(ValidationError, match=r"^base_url is not an address") as caught:
        vendo.Vendo(base_url=address)
    assert "hunter2" not in str(caught.value)
    environment.setenv("VENDO_BASE_URL", address)
    with pytest.raises(ValidationError, match=r"^VENDO_BASE_URL is not an address"):
        vendo.Vendo()


@given(address=st.text())
@settings(database=None)
def test_any_text_is_an_address_or_refused(address: str) -> None:
    try:
        read = Settings.read(KEY, address)
    except ValidationError:
        return
    assert read.base_url is None or read.base_url.startswith(("http://", "https://"))


@pytest.mark.parametrize("key", ["vendo_sk_hunter2\nX: y", "vendo_sk hunter2", "vendo_sk_hunter2é", "\x00hunter2"])
def test_key_that_can_not_be_one_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        vendo.Vendo(key, "http://localhost:8000")
    assert "hunter2" not in str(caught.value)


def test_the_line_break_of_a_secrets_file_is_dropped(dashboard: Dashboard, key: str) -> None:
    dashboard.connect("notion", "n")
    vendo.Vendo(f"{key}\n", dashboard.url).token("notion")
    assert dashboard.seen[0].headers["Authorization"] == f"Bearer {key}"


def test_key_without_address_says_what_to_set(environment: pytest.MonkeyPatch) -> None:
    assert vendo.is_vendo_mode()
    with pytest.raises(ValidationError, match="set VENDO_BASE_URL"):
        vendo.token("notion")


def test_address_below_a_path_works(dashboard: Dashboard, key: str) -> None:
    with pytest.raises(vendo.errors.VendoError):
        vendo.Vendo(key, f"{dashboard.url}/below/").token("notion")
    assert dashboard.seen[0].path == "/below/credentials/notion"


def test_environment_is_read_when_a_client_is_made_and_by_each_shortcut(
    dashboard: Dashboard, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vendo.Vendo()
    monkeypatch.setenv("VENDO_API_KEY", key)
    monkeypatch.setenv("VENDO_API_URL", dashboard.url)
    dashboard.connect("notion", "n")
    assert not before.is_vendo_mode()
    assert vendo.token("notion") == "n"
