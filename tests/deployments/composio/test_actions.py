"""`POST /proxy/composio/v1/execute` (contract section 6), by the SDK where it can be said with it."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import vendo
from vendo import errors

from connections.models import Connection, Integration
from deployments import bindings, composio_door, keys
from deployments.models import App
from tenants.models import Tenant
from tests.composio import Broker
from tests.deployments.composio.conftest import refused

pytestmark = [pytest.mark.django_db(transaction=True)]
type Hold = Callable[..., Connection]
PATH = "/proxy/composio/v1/execute"
COUNT = {"action_id": "GOOGLEDRIVE_COUNT", "args": {"text": "abc"}}


@pytest.fixture
def post(server: str, app_key: str) -> Callable[..., requests.Response]:
    """(body, **headers) → the answer, with a key of `project` unless headers say otherwise."""

    def send(body: object = COUNT, method: str = "POST", path: str = PATH, **headers: str) -> requests.Response:
        sent = {"authorization": f"Bearer {app_key}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return requests.request(method, server + path, json=body, headers=sent, timeout=20)

    return send


def test_an_action_is_done_with_the_account_that_is_bound(hold: Hold, tool: vendo.Vendo, broker: Broker) -> None:
    connection = hold()
    assert tool.data.execute("GOOGLEDRIVE_COUNT", {"text": "abc"}) == {"letters": 3}
    (asked,) = broker.asked_of("POST", "/tools/execute/GOOGLEDRIVE_COUNT")
    assert asked.body == {
        "arguments": {"text": "abc"},
        "connected_account_id": connection.broker_account,
        "user_id": str(connection.tenant_id),
        "version": "latest",
    }


def test_what_is_answered_to_others_than_the_sdk(hold: Hold, post: Callable[..., requests.Response]) -> None:
    hold()
    answer = post()
    assert (answer.status_code, answer.json()) == (200, {"data": {"letters": 3}})
    assert (answer.headers["cache-control"], "vendo-error-code" in answer.headers) == ("no-store", False)


@pytest.mark.parametrize(
    ("action", "toolkit"),
    [
        ("GOOGLEDRIVE_COUNT", "googledrive"),
        ("NOTION_CREATE_PAGE", "notion"),
        ("COMPOSIO_MULTI_EXECUTE_TOOL", "composio"),  # which would reach every tenant's accounts with our key
        ("GOOGLEDRIVES", "googledrives"),
    ],
)
def test_a_toolkit_that_is_not_bound(
    action: str, toolkit: str, post: Callable[..., requests.Response], tool: vendo.Vendo, broker: Broker
) -> None:
    answer = post({"action_id": action, "args": {}})
    assert (answer.status_code, answer.json()) == (403, {"error": "binding_missing", "toolkit": toolkit})
    assert "vendo-error-code" not in answer.headers
    refusal = refused(lambda: tool.data.execute(action))
    assert (type(refusal), refusal.slug) == (errors.NotConnected, toolkit)
    assert not broker.asked


def test_a_provider_that_is_switched_off_is_bound_to_nobody(hold: Hold, tool: vendo.Vendo, broker: Broker) -> None:
    hold()
    Integration.objects.filter(slug="googledrive").update(enabled=False)
    assert isinstance(refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {})), errors.NotConnected)


def test_another_tenants_account_cannot_be_picked(
    hold: Hold, post: Callable[..., requests.Response], other_tenant: Tenant, broker: Broker, make_connection: Any
) -> None:
    hold()
    account = broker.hold(other_tenant.pk, "googledrive")
    theirs = make_connection(other_tenant, "googledrive", broker_account=account.id)
    before = len(broker.asked)
    for name in (str(theirs.pk), theirs.external_id):
        answer = post(x_vendo_connection=name)
        assert (answer.status_code, answer.json()["error"]) == (403, "binding_missing")
    assert len(broker.asked) == before


def test_a_connection_with_a_client_of_our_own_does_no_actions(
    project: App, tool: vendo.Vendo, broker: Broker, make_connection: Any
) -> None:
    """Its token would have to be sent to Composio."""
    bindings.bind(project, make_connection(project.tenant, "googledrive"))
    refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {}))
    assert isinstance(refusal, errors.ValidationError)
    assert "without Composio" in refusal.message
    assert not broker.asked


def test_what_the_broker_refuses_is_told_in_its_words(hold: Hold, tool: vendo.Vendo, broker: Broker) -> None:
    hold()
    refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_UNKNOWN", {}))
    assert (type(refusal), refusal.status) == (errors.ValidationError, 404)
    assert refusal.message == "Tool GOOGLEDRIVE_UNKNOWN not found"


def test_an_action_that_fails_is_told_and_not_to_be_repeated(hold: Hold, tool: vendo.Vendo, broker: Broker) -> None:
    def fail(arguments: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("There is no such file.")

    hold()
    broker.actions["GOOGLEDRIVE_FAIL"] = fail
    refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_FAIL", {}))
    assert (type(refusal), refusal.status, refusal.message) == (errors.UpstreamError, 424, "There is no such file.")


def test_a_broker_in_trouble(hold: Hold, tool: vendo.Vendo, broker: Broker) -> None:
    hold()
    broker.outage = 503
    refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {}))
    assert (type(refusal), refusal.code, refusal.status) == (errors.UpstreamError, "upstream_error", 502)
    broker.outage, broker.headers = 429, {"Retry-After": "17"}
    refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {}))
    assert (type(refusal), refusal.status, refusal.retry_after) == (errors.RateLimited, 429, 17)


def test_a_key_of_ours_that_the_broker_does_not_take_is_no_fault_of_the_tools(
    hold: Hold, tool: vendo.Vendo, settings: Any
) -> None:
    hold()
    settings.COMPOSIO_API_KEY = "ak_mistyped"
    refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {}))
    assert (refusal.code, refusal.status) == ("upstream_error", 502)
    assert "ak_mistyped" not in refusal.message


def test_an_account_that_ended_needs_the_person(hold: Hold, tool: vendo.Vendo, broker: Broker) -> None:
    connection = hold()
    broker.accounts[connection.broker_account].status = "EXPIRED"
    for _ in range(2):
        refusal = refused(lambda: tool.data.execute("GOOGLEDRIVE_COUNT", {}))
        assert (type(refusal), refusal.slug) == (errors.NeedsReauth, "googledrive")
        assert refusal.connect_url
    connection.refresh_from_db()
    assert connection.status == "needs_reauth"
    assert len(broker.asked) == 2  # the action and a look at the account; then nobody is asked any more


def test_a_key_of_one_connection_does_too(hold: Hold, server: str) -> None:
    _, text = keys.mint_for_connection(hold(), "one connection")
    assert vendo.Vendo(text, server).data.execute("GOOGLEDRIVE_COUNT", {"text": "abc"}) == {"letters": 3}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (COUNT, {"authorization": f"Bearer vendo_sk_{'x' * 32}"}, 401, "app_unknown"),
        (COUNT, {"method": "GET"}, 405, "method_not_allowed"),
        (COUNT, {"path": "/proxy/composio/v1/tools"}, 404, "not_found"),
        (COUNT, {"path": "/proxy/composio"}, 404, "not_found"),
        ([], {}, 400, "validation_failed"),
        ({"args": {}}, {}, 400, "validation_failed"),
        ({"action_id": "../../org/project", "args": {}}, {}, 400, "validation_failed"),
        ({"action_id": "GOOGLEDRIVE_COUNT", "args": ["text"]}, {}, 400, "validation_failed"),
        ({"action_id": "GOOGLEDRIVE_COUNT", "args": {"text": "x" * 1024 * 1024}}, {}, 400, "validation_failed"),
    ],
)
def test_our_own_refusals_wear_the_envelope(
    body: object, headers: Any, status: int, code: str, post: Callable[..., requests.Response]
) -> None:
    answer = post(body, **headers)
    assert (answer.status_code, answer.headers["vendo-error-code"]) == (status, code)
    assert answer.json()["error"]["code"] == code


def test_a_workspace_has_so_many_actions_under_way(
    hold: Hold, post: Callable[..., requests.Response], broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composio_door, "AT_ONCE", 1)
    begun, end = threading.Event(), threading.Event()

    def wait(arguments: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        end.wait(10)
        return {}

    hold()
    broker.actions["GOOGLEDRIVE_WAIT"] = wait
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, {"action_id": "GOOGLEDRIVE_WAIT"})
        begun.wait(10)
        answer = post()
        end.set()
        assert slow.result().json() == {"data": {}}
    assert (answer.status_code, answer.headers["vendo-error-code"]) == (429, "rate_limited")
    assert post().status_code == 200


def test_one_whose_arguments_do_not_arrive_is_under_way_until_the_tool_hangs_up(
    hold: Hold, post: Callable[..., requests.Response], server: str, app_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composio_door, "AT_ONCE", 1)
    hold()
    host, _, port = server.removeprefix("http://").partition(":")
    lines = [f"POST {PATH} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {app_key}"]
    lines += ["Content-Length: 9", "Expect: 100-continue", "", ""]
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        slow.sendall("\r\n".join(lines).encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 100 ")  # now somebody reads
        assert post().status_code == 429
    until = time.monotonic() + 30
    while post().status_code != 200 and time.monotonic() < until:
        time.sleep(0.02)
    assert post().status_code == 200
