"""Accounts whose API is at an address of their own: tools reach that, and nothing else, whatever becomes of it."""

import json
from collections.abc import Callable, Iterator

import pytest

from connections.models import Connection, Integration
from deployments import bindings
from deployments.models import App
from tests.deployments.proxy.asking import Response, refused, request
from tests.servers import Upstream, upstream

type MakeConnection = Callable[..., Connection]
type Get = Callable[[str], Response]
HOST = "acme.my.salesforce.com"


@pytest.fixture
def api() -> Iterator[Upstream]:
    """Every account's API, each below its own name."""
    with upstream() as running:
        yield running


@pytest.fixture
def account(project: App, api: Upstream, make_connection: MakeConnection) -> Connection:
    """An account of Salesforce, bound to `project`."""
    Integration.objects.filter(slug="salesforce").update(
        endpoint_overrides={"api_url": f"{api.url}/{{instance_host}}", "account_url": api.url}
    )
    made = make_connection(project.tenant, "salesforce", metadata=_told(HOST))
    bindings.bind(project, made)
    return made


@pytest.fixture
def get(door: str, account: Connection, app_key: str) -> Get:
    """path below the account's API → response."""
    return lambda path: request(door, "GET", f"/proxy/salesforce{path}", authorization=f"Bearer {app_key}")


def _told(host: str) -> dict[str, object]:
    return {"context": {"salesforce": {"instance_host": host}}}


def _now_at(account: Connection, host: str) -> None:
    Connection.everyone.filter(pk=account.pk).update(metadata=_told(host))


def test_a_tool_reaches_its_accounts_api(get: Get, api: Upstream) -> None:
    assert get("/services/data?x=1")[0] == 200
    assert api.seen[0].target == f"/{HOST}/services/data?x=1"


def test_after_a_reconnect_it_reaches_where_the_account_is_then(get: Get, account: Connection, api: Upstream) -> None:
    get("/a")
    _now_at(account, "acme2.my.salesforce.com")
    get("/b")
    assert [seen.target for seen in api.seen] == [f"/{HOST}/a", "/acme2.my.salesforce.com/b"]


@pytest.mark.parametrize("path", ["/../other.my.salesforce.com/a", "/%2e%2e/other.my.salesforce.com/a", "//evil.org/a"])
def test_another_accounts_api_is_out_of_reach(path: str, get: Get, api: Upstream) -> None:
    refused(get(path), 400, "validation_failed")
    assert api.seen == []


@pytest.mark.parametrize("host", ["evil.org", "salesforce.com.evil.org", "evil.org/", "a@evil.org", ""])
def test_a_host_that_is_not_the_providers_is_never_asked(host: str, get: Get, account: Connection) -> None:
    Integration.objects.filter(slug="salesforce").update(endpoint_overrides={})
    _now_at(account, host)
    error = refused(get("/services/data"), 401, "connection_needs_reauth")
    assert error["connect_url"].endswith(f"/connections/connect/salesforce?app={account.bindings.get().app_id}")


def test_one_that_was_given_up_says_so_first(get: Get, account: Connection) -> None:
    Connection.everyone.filter(pk=account.pk).update(metadata={}, status="revoked")
    assert json.loads(get("/a")[2])["error"]["code"] == "connection_revoked"
