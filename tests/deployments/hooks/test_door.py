"""POST /hooks/<external id>: what is let in, what the tool gets, and what the provider is told (contract section 6)."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from vendo import webhooks
from vendo.errors import ValidationError

from connections import vault
from connections.models import Connection, Integration
from deployments import environment, forwarding, front_door, hook_door
from deployments.models import Deployment
from deployments.webhook_delivery import WebhookDelivery
from tests.deployments.hooks.conftest import SECRET, Sender
from tests.servers import Upstream, answer, serving
from vendo_site.asgi import http
from vendo_site.host_names import HostNames

pytestmark = pytest.mark.django_db(transaction=True)

ZEROS = "0" * 24

type Log = Callable[[], list[WebhookDelivery]]


def refusal(response: Any) -> tuple[int, str]:
    """Status and code, the same in header, envelope and detail."""
    error = response.json()["error"]
    assert response.headers["vendo-error-code"] == error["code"]
    assert response.json()["detail"] == error["message"]
    return response.status_code, error["code"]


# --- what the tool gets -----------------------------------------------------------------------------------------------


def test_the_tool_gets_what_the_provider_sent_signed_by_us(
    sender: Sender, deployment: Deployment, tool: Upstream, connection: Connection
) -> None:
    body = b'{"id": "evt_1",  "name": "caf\xc3\xa9"}\n'
    assert sender.send(body, x_shop_topic="orders").status_code == 200
    (seen,) = tool.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/webhooks/signing", body)
    assert (seen.header("content-type"), seen.header("x-shop-topic")) == ("application/json", "orders")
    assert seen.header("x-vendo-connection-id") == str(connection.pk)
    assert seen.header("x-vendo-provider") == "signing"
    assert abs(int(seen.header("vendo-timestamp") or 0) - time.time()) < 20
    secret = environment.values(deployment)["VENDO_WEBHOOK_SECRET"]
    webhooks.check(body, dict(seen.headers), secret)
    with pytest.raises(ValidationError):
        webhooks.check(body + b" ", dict(seen.headers), secret)


def test_nobody_else_speaks_in_our_name(sender: Sender, deployment: Deployment, tool: Upstream) -> None:
    sender.headers = {"vendo-signature": "f", "vendo-timestamp": "1", "x-vendo-provider": "other", "cookie": "a=b"}
    sender.headers |= {"authorization": "Bearer x", "x-forwarded-for": "1.2.3.4", "x-vendo-connection-id": "x"}
    sender.send()
    (seen,) = tool.seen
    assert (seen.header("x-vendo-provider"), len(seen.header("vendo-signature") or "")) == ("signing", 64)
    assert not {"cookie", "authorization", "x-forwarded-for"} & {name for name, _ in seen.headers}
    assert seen.header("host") == tool.url.removeprefix("http://")


@pytest.mark.parametrize("status", [200, 202, 204, 302, 400, 404, 410, 500, 503])
def test_its_status_is_passed_back(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, status: int
) -> None:
    tool.reply = lambda seen, handler: answer(handler, status, b"", ("Location", "https://elsewhere.example"))
    response = sender.send()
    assert response.status_code == status
    assert "vendo-error-code" not in response.headers
    assert "location" not in response.headers
    (row,) = log()
    assert (row.status, row.answered) == ("delivered" if status < 300 else "failed", status)


def test_an_answer_in_json_is_passed_back_and_no_other(sender: Sender, deployment: Deployment, tool: Upstream) -> None:
    said = b'{"method": "sendMessage"}'
    tool.reply = lambda seen, handler: answer(handler, 200, said, ("Content-Type", "application/json; charset=utf-8"))
    assert sender.send().content == said
    tool.reply = lambda seen, handler: answer(handler, 200, b"<script>", ("Content-Type", "text/html"))
    response = sender.send()
    assert (response.content, response.headers["content-type"]) == (b"", "text/plain; charset=utf-8")
    assert response.headers["x-content-type-options"] == "nosniff"
    long = b'"' + b"x" * forwarding.LONGEST + b'"'
    tool.reply = lambda seen, handler: answer(handler, 200, long, ("Content-Type", "application/json"))
    assert sender.send().content == b""


def test_an_answer_that_is_no_status_is_a_failure_of_the_tool(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log
) -> None:
    tool.reply = lambda seen, handler: answer(handler, 700, b"")
    assert refusal(sender.send()) == (502, "upstream_error")
    assert (log()[0].status, log()[0].answered) == ("failed", None)


def test_a_redirect_is_not_followed(sender: Sender, deployment: Deployment, tool: Upstream) -> None:
    tool.reply = lambda seen, handler: answer(handler, 307, b"", ("Location", f"{tool.url}/elsewhere"))
    assert sender.send().status_code == 307
    assert len(tool.seen) == 1


# --- what is let in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"secret": "other"}, {"at": 1.0}, {"signed_by": "nonsense"}, {"signed_by": ""}])
def test_what_is_not_genuine_gets_412(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, wrong: dict[str, Any]
) -> None:
    assert refusal(sender.send({"id": "evt_1"}, **wrong)) == (412, "validation_failed")
    assert tool.seen == []
    (row,) = log()
    assert (row.status, row.detail, row.event_id, row.message) == ("refused", "Its signature does not hold.", "", None)


def test_what_is_sent_again_later_by_somebody_else_is_not_genuine(sender: Sender, deployment: Deployment) -> None:
    assert sender.send(at=time.time() - 290).status_code == 200
    assert refusal(sender.send(at=time.time() - 310)) == (412, "validation_failed")


def test_a_connection_without_a_secret_takes_nothing(sender: Sender, connection: Connection, log: Log) -> None:
    Connection.everyone.filter(pk=connection.pk).update(further_secrets=None)
    assert refusal(sender.send()) == (412, "validation_failed")
    assert log()[0].detail == "This connection has no webhook secret."


def test_the_log_of_what_is_not_genuine_has_an_end(sender: Sender, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_door, "NOTED", 2)
    for _ in range(4):
        sender.send(secret="other")
    assert len(log()) == 2


def test_whoever_tries_too_often_waits_and_the_provider_does_not(
    sender: Sender, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_door, "FAILURES", 2)
    answers = [refusal(sender.send(secret="other")) for _ in range(3)]
    assert answers[-1] == (429, "rate_limited")
    assert sender.send().status_code == 200


def test_unknown_revoked_and_without_webhooks_look_alike(
    sender: Sender, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection(connection.tenant, "notion")
    addresses = [f"vendo_conn_{ZEROS}", connection.external_id, other.external_id]
    Connection.everyone.filter(pk=connection.pk).update(status=Connection.Status.REVOKED)
    answers = []
    for address in addresses:
        sender.external_id = address
        response = sender.send()
        assert refusal(response) == (404, "not_found")
        answers.append((response.content, {*response.headers} - {"date"}))
    assert answers == answers[:1] * 3


@pytest.mark.parametrize(
    "path", ["", "/", "/x", "/vendo_conn_", f"/VENDO_CONN_{'0' * 24}", f"/vendo_conn_{'0' * 24}/x"]
)
def test_other_addresses_lead_nowhere(served: str, path: str) -> None:
    assert refusal(requests.post(f"{served}/hooks{path}", timeout=20)) == (404, "not_found")


def test_a_provider_that_is_switched_off_sends_nothing(sender: Sender, signing: Integration) -> None:
    Integration.objects.filter(pk=signing.pk).update(enabled=False)
    assert refusal(sender.send()) == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_other_methods_are_refused(sender: Sender, method: str) -> None:
    response = requests.request(method, f"{sender.url}/hooks/{sender.external_id}", timeout=20)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


# --- how much ---------------------------------------------------------------------------------------------------------


def test_a_body_may_be_large_and_not_larger(sender: Sender, deployment: Deployment, tool: Upstream) -> None:
    assert sender.send(b"x" * hook_door.LARGEST).status_code == 200
    assert tool.seen[0].size == hook_door.LARGEST
    assert refusal(sender.send(b"x" * (hook_door.LARGEST + 1))) == (413, "validation_failed")


def test_nor_in_pieces(sender: Sender, deployment: Deployment) -> None:
    pieces = (b"x" * 65536 for _ in range(hook_door.LARGEST // 65536 + 1))
    response = requests.post(f"{sender.url}/hooks/{sender.external_id}", pieces, timeout=20)
    assert refusal(response) == (413, "validation_failed")


def test_so_many_at_once(sender: Sender, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, served: str) -> None:
    monkeypatch.setattr(hook_door, "AT_ONCE", 0)
    response = sender.send()
    assert refusal(response) == (429, "rate_limited")
    assert response.headers["retry-after"] == "5"


def test_a_secret_that_does_not_open_is_our_fault(sender: Sender, connection: Connection) -> None:
    Connection.everyone.filter(pk=connection.pk).update(further_secrets=vault.encrypt("{}", "elsewhere"))
    response = sender.send()
    assert refusal(response) == (500, "internal_error")
    assert SECRET not in response.text


def test_a_host_name_stands_for_the_path(
    deployment: Deployment, connection: Connection, tool: Upstream, settings: Any
) -> None:
    """Contract section 13."""
    settings.BASE_URL, settings.BASE_HOST, settings.ALLOWED_HOSTS = "http://vendo.example.org", "vendo.example.org", []
    with serving(HostNames(http, "example.org")) as url:
        sender = Sender(url, connection.external_id, path="", headers={"host": "hooks.example.org"})
        assert sender.send({"id": "evt_1"}).status_code == 200
        sender.external_id = f"vendo_conn_{ZEROS}"
        assert refusal(sender.send()) == (404, "not_found")
    assert len(tool.seen) == 1
