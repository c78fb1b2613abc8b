"""A provider that signs what it sends, its webhook address on a real port, and a tool on another."""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
import requests

from connections import vault
from connections.catalog import Webhook
from connections.catalog._inbound import field_of_body, signed_with_time
from connections.models import Connection, Integration
from deployments.models import Deployment
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import Tenant
from tests.deployments.running import bound
from tests.servers import Upstream, serving, upstream
from vendo_site.asgi import http

SECRET = "whsec_of-the-tests-0123456789"


@dataclass
class Sender:
    """The provider. What it sends is genuine unless `secret` or `at` make it another."""

    url: str
    external_id: str
    path: str = "/hooks"
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, body: Any = b"{}", *, secret: str = SECRET, at: float | None = None, **headers: str) -> Any:
        """POST the body, as it is or as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        moment = str(int(time.time() if at is None else at))
        signature = hmac.new(secret.encode(), f"{moment}.".encode() + content, sha256).hexdigest()
        sent = {"signed-by": f"t={moment},v1={signature}", "content-type": "application/json"} | self.headers
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(f"{self.url}{self.path}/{self.external_id}", content, headers=sent, timeout=30)


@pytest.fixture
def signing(extra_provider: Callable[..., Integration]) -> Integration:
    """A provider that signs, and numbers its messages."""
    webhook = Webhook(secret="webhook_secret", verify=signed_with_time("Signed-By"), event_id=field_of_body("id"))
    return extra_provider("signing", webhook=webhook)


@pytest.fixture
def connection(tenant: Tenant, signing: Integration, make_connection: Callable[..., Connection]) -> Connection:
    """With the secret that the provider signs with."""
    row = make_connection(tenant, "signing", display_name="Acme shop")
    vault.seal(row, "further_secrets", json.dumps({"webhook_secret": SECRET}))
    row.save()
    return row


@pytest.fixture
def tool() -> Iterator[Upstream]:
    """Where the deployment listens."""
    with upstream() as running:
        yield running


@pytest.fixture
def deployment(
    tenant: Tenant, connection: Connection, tool: Upstream, make_deployment: Callable[..., Deployment]
) -> Deployment:
    """Runs, and uses the connection."""
    return bound(make_deployment(tenant, "signing", url=tool.url), connection)


@pytest.fixture
def served(transactional_db: None) -> Iterator[str]:
    """The application's address."""
    with serving(http) as url:
        yield url


@pytest.fixture
def sender(served: str, connection: Connection) -> Sender:
    """The provider, which was given the connection's address."""
    return Sender(served, connection.external_id)


@pytest.fixture
def log(connection: Connection) -> Callable[[], list[WebhookDelivery]]:
    """The log as it is now, the newest first."""
    return lambda: list(WebhookDelivery.everyone.filter(connection=connection))
