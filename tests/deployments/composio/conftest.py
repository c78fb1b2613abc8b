"""A broker that holds Google Drive accounts, and a tool that uses the SDK against the real server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import vendo
from vendo import _http, errors

from connections.models import Connection, Integration
from deployments import bindings
from deployments.models import App
from tests.composio import Broker, brokered
from tests.servers import serving
from vendo_site.asgi import http

ABOUT = "https://www.googleapis.com/drive/v3/about"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "PAUSES", (0.001, 0.001, 0.001))


@pytest.fixture
def broker(googledrive: Integration, settings: Any) -> Iterator[Broker]:
    """Google Drive is signed in to by way of it; its one action counts letters."""
    with brokered(settings) as running:
        running.play("googledrive")
        running.api = {ABOUT: {"user": {"permissionId": "p1", "emailAddress": "ada@example.com"}}}
        running.actions = {"GOOGLEDRIVE_COUNT": lambda args: {"letters": len(args["text"])}}
        yield running


@pytest.fixture
def hold(project: App, broker: Broker, make_connection: Callable[..., Connection]) -> Callable[..., Connection]:
    """(**what Composio holds) → a connection of it, bound to `project`."""

    def make(**values: Any) -> Connection:
        account = broker.hold(project.tenant_id, "googledrive", **values)
        connection = make_connection(
            project.tenant, "googledrive", profile="composio_managed", broker_account=account.id, account_id="p1"
        )
        connection.credential = None
        connection.save()
        bindings.bind(project, connection)
        return connection

    return make


@pytest.fixture
def server(transactional_db: None, settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    with serving(http, at_the_end=http.close) as url:
        yield url


@pytest.fixture
def tool(server: str, app_key: str) -> vendo.Vendo:
    """A tool with a key of `project`."""
    return vendo.Vendo(app_key, server)


def refused(call: Callable[[], object]) -> errors.VendoError:
    """What the SDK raises."""
    with pytest.raises(errors.VendoError) as caught:
        call()
    return caught.value
