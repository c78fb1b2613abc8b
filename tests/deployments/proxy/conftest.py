"""A provider's API on a real port, the proxy on another, and a tool that asks."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connections.models import Connection, Integration
from deployments import bindings
from deployments.models import App
from deployments.proxy_door import ProxyDoor
from tests.deployments.proxy.asking import Ask, Response, request
from tests.servers import Upstream, serving, upstream


async def _nothing_behind(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


@pytest.fixture
def api(notion: Integration) -> Iterator[Upstream]:
    """Notion's API, below /base."""
    with upstream() as running:
        notion.endpoint_overrides = {"api_url": f"{running.url}/base"}
        notion.save()
        yield running


@pytest.fixture
def connection(project: App, api: Upstream, make_connection: Callable[..., Connection]) -> Connection:
    """Notion, bound to `project`."""
    made = make_connection(project.tenant, "notion")
    bindings.bind(project, made)
    return made


@pytest.fixture
def door(transactional_db: None) -> Iterator[str]:
    """The proxy's address."""
    proxy = ProxyDoor(_nothing_behind)
    with serving(proxy, at_the_end=proxy.aclose) as url:
        yield url


@pytest.fixture
def ask(door: str, connection: Connection, app_key: str) -> Ask:
    """(method, path below Notion's, body, **headers) → response, with the key of `project` unless headers bring one."""

    def ask(method: str = "GET", path: str = "/v1/pages", body: bytes | None = None, **headers: str) -> Response:
        if not headers.keys() & {"authorization", "x_api_key"}:
            headers["authorization"] = f"Bearer {app_key}"
        return request(door, method, f"/proxy/notion{path}", body, **headers)

    return ask
