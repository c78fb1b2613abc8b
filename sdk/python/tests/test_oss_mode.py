"""Without a dashboard: the tool's own environment, nothing cached, nothing sent."""

from __future__ import annotations

import asyncio

import pytest

import vendo
from vendo.errors import NotConnected, VendoOnlyFeature


def test_token_is_the_slugs_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    monkeypatch.setenv("GOOGLE_DRIVE_TOKEN", "my drive")
    assert vendo.token("notion") == "mine"
    assert asyncio.run(vendo.aio.token("google-drive")) == "my drive"


def test_nothing_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "old")
    assert vendo.token("notion") == "old"
    monkeypatch.setenv("NOTION_TOKEN", "new")
    assert vendo.token("notion") == "new"


def test_override_beats_the_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    monkeypatch.setenv("VENDO_TOKEN_NOTION", "for now")
    assert vendo.token("notion") == "for now"


@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_not_connected_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv("GOOGLE_DRIVE_TOKEN", value)
    with pytest.raises(NotConnected) as caught:
        vendo.token("google-drive")
    error = caught.value
    assert str(error) == error.suggested_fix == "set GOOGLE_DRIVE_TOKEN"
    assert (error.slug, error.connect_url, error.status) == ("google-drive", None, None)


def test_the_line_break_of_a_secrets_file_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine\n")
    assert vendo.token("notion") == "mine"


def test_tokens_has_none_for_what_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    monkeypatch.setenv("VENDO_TOKEN_SLACK", "for now")
    assert vendo.tokens(["notion", "slack", "hubspot"]) == {"notion": "mine", "slack": "for now", "hubspot": None}


def test_connect_url_needs_a_dashboard() -> None:
    with pytest.raises(VendoOnlyFeature, match="VENDO_API_KEY"):
        vendo.connect_url("notion")
    with pytest.raises(VendoOnlyFeature, match="VENDO_API_KEY"):
        asyncio.run(vendo.aio.connect_url("notion"))


def test_invalidate_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    vendo.invalidate("notion")
    vendo.invalidate()
    vendo.aio.invalidate()
    assert vendo.token("notion") == "mine"


@pytest.mark.parametrize("key", ["byok", "", " "])
def test_explicit_key_that_is_none_beats_the_environment(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("VENDO_API_KEY", "vendo_sk_of_somebody_else")
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    client = vendo.Vendo(api_key=key)
    assert not client.is_vendo_mode()
    assert client.token("notion") == "mine"


@pytest.mark.parametrize(("value", "expected"), [("vendo_sk_x", True), ("", False), ("byok", False), (None, False)])
def test_is_vendo_mode(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool) -> None:
    if value is not None:
        monkeypatch.setenv("VENDO_API_KEY", value)
    assert vendo.is_vendo_mode() is vendo.aio.is_vendo_mode() is expected
    assert vendo.Vendo().is_vendo_mode() is vendo.AsyncVendo().is_vendo_mode() is expected
