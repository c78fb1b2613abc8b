"""Ports for tools."""

import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from deployments import ports
from deployments.models import Deployment
from tenants.models import Tenant
from tests.deployments.fakes import deployed, release_of


@pytest.fixture
def deployment(tenant: Tenant, tmp_path: Path, settings: Any) -> Deployment:
    settings.DATA_DIR = tmp_path / "data"
    return deployed(tenant, release_of(tmp_path / "clock"))


def test_a_port_somebody_listens_on_is_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports.busy(port)
    assert not ports.busy(port)


def test_a_port_is_written_to_the_row(deployment: Deployment, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TOOL_PORTS = "9100-9102"
    monkeypatch.setattr(ports, "busy", lambda port: port < 9102)
    assert ports.allot(deployment) == 9102
    deployment.refresh_from_db()
    assert deployment.port == 9102


def test_no_port_is_left(deployment: Deployment, settings: Any) -> None:
    settings.TOOL_PORTS = "9100"
    Deployment.everyone.update(port=9100)
    with pytest.raises(ports.NoFreePort):
        ports.allot(deployment)


@pytest.mark.parametrize("text", ["", "a-b", "9000-8000", "0-10", "65000-70000"])
def test_a_range_must_be_one(deployment: Deployment, settings: Any, text: str) -> None:
    settings.TOOL_PORTS = text
    with pytest.raises(ImproperlyConfigured, match="VENDO_TOOL_PORTS"):
        ports.allot(deployment)
