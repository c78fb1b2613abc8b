"""Many requests at once for an expired token, over two web processes on PostgreSQL: one refresh at the provider."""

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import on_one_stack
from tests.e2e.stack import Stack
from tests.sandbox.process import issue
from tests.services import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_one_stack]

EXPIRED_CONNECTION = """
from datetime import timedelta
from django.utils import timezone
from connections import vault
from connections.models import Connection
from deployments.bindings import bind
from deployments.keys import mint
from deployments.models import App
from tenants.models import Tenant

tenant = Tenant.objects.get(slug="demo")
app = App.objects.of(tenant).first()
connection = Connection(
    tenant=tenant, integration_id="googledrive", profile="user_oauth", display_name="Ada", account_id="a",
    expires_at=timezone.now() - timedelta(minutes=1), refreshed_at=timezone.now() - timedelta(hours=1),
)
vault.seal(connection, "credential", "stale")
vault.seal(connection, "refresh_token", "{refresh_token}")
connection.save()
bind(app, connection)
print(mint(app, "race")[1])
"""


@pytest.fixture
def second(stack: Stack) -> Iterator[str]:
    """Another web process, and a provider that takes its time."""
    address = stack.start_web("web2", free_port())
    stack.wait_for(f"{address}/readyz")
    stack.sandbox.control(token_delay_ms=700)
    yield address
    stack.sandbox.reset()
    stack.stop("web2")


def test_thirty_two_requests_cause_one_refresh(stack: Stack, second: str) -> None:
    tokens = issue(stack.sandbox, "google")
    key = stack.shell(EXPIRED_CONNECTION.format(refresh_token=tokens["refresh_token"])).split()[-1]
    before = stack.sandbox.log().get("refresh_token", 0)

    def ask(number: int) -> dict[str, str]:
        base = (f"http://127.0.0.1:{stack.port}", second)[number % 2]
        request = urllib.request.Request(f"{base}/credentials/googledrive", headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, str] = json.load(answer)
        return found

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, range(32)))

    assert stack.sandbox.log()["refresh_token"] - before == 1
    assert len({answer["access_token"] for answer in answers}) == 1
    assert answers[0]["access_token"] not in {"stale", tokens["access_token"]}
