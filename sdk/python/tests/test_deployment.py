from __future__ import annotations

import pytest

import vendo
from vendo import deployment


def test_a_running_tool_knows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEPLOYMENT_ID", "DEPLOYMENT_SLUG", "TENANT_ID", "BASE_URL", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"VENDO_{name}", name.lower())
    monkeypatch.setenv("DOMAIN", "tool.example.org")
    monkeypatch.setenv("PORT", "8080")
    me = deployment.current()
    assert me == deployment.Deployment(
        "deployment_id", "deployment_slug", "tenant_id", "tool.example.org", 8080, "base_url", "webhook_secret"
    )
    assert "webhook_secret'" not in repr(me)


def test_elsewhere_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    assert vendo.deployment.current() is None


@pytest.mark.parametrize("port", ["", "http", "-1", "999999", "²"])
def test_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("VENDO_DEPLOYMENT_ID", "d")
    monkeypatch.setenv("PORT", port)
    me = deployment.current()
    assert me is not None
    assert me.port is None
