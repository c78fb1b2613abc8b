from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from fake_dashboard import Dashboard, serve
from vendo import _http, _watch


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("VENDO_") or name.endswith("_TOKEN") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "PAUSES", (0.001, 0.001, 0.001))
    monkeypatch.setattr(_watch, "FIRST_PAUSE", 0.002)


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    with serve() as running:
        yield running


@pytest.fixture
def key() -> str:
    """A new key for each test: the cache is the process's, and known by key."""
    return f"vendo_sk_{secrets.token_urlsafe(24)}"


@pytest.fixture
def vendo_mode(dashboard: Dashboard, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a tool that the dashboard runs."""
    monkeypatch.setenv("VENDO_API_KEY", key)
    monkeypatch.setenv("VENDO_BASE_URL", dashboard.url)
    monkeypatch.setenv("VENDO_CREDENTIALS_URL", f"{dashboard.url}/credentials")
