"""What has arrived arrives once; what has not is sent again, and all of it is in the log."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import islice

import pytest
from django.utils import timezone

from connections.models import Connection
from deployments import bindings, deliveries, forwarding
from deployments.deliveries import RedeliveryRefused
from deployments.models import App, Deployment
from deployments.tasks import redeliver
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import User
from tests.deployments.hooks.conftest import Sender
from tests.deployments.running import bound
from tests.servers import Seen, Upstream, answer, upstream

pytestmark = pytest.mark.django_db(transaction=True)

type Log = Callable[[], list[WebhookDelivery]]
ORDER = {"id": "evt_order_1"}


def replies(tool: Upstream, *statuses: int) -> None:
    """One after the other, the last one for ever."""
    left = list(statuses)

    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        answer(handler, left[0] if len(left) == 1 else left.pop(0), b"")

    tool.reply = reply


def test_the_log_says_what_came_and_how_it_went(sender: Sender, deployment: Deployment, log: Log) -> None:
    sender.send(ORDER)
    (row,) = log()
    assert (row.deployment, row.tenant, row.event_id) == (deployment, deployment.tenant, "evt_order_1")
    assert (row.status, row.answered, row.attempts, row.repeats, row.detail) == ("delivered", 200, 1, 0, "")
    assert row.size == len('{"id": "evt_order_1"}')
    assert row.duration_ms is not None


def test_what_is_kept_can_not_be_read_in_the_table(sender: Sender, deployment: Deployment, log: Log) -> None:
    sender.send(b'{"id": "evt_1", "card": "visible-nowhere"}', x_more="nor-this")
    (row,) = log()
    assert not [text for text in ("visible-nowhere", "nor-this") if text in repr(row.__dict__)]
    assert b"visible-nowhere" in deliveries.Message.of(row).body


def test_what_arrived_before_is_told_and_not_forwarded(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log
) -> None:
    sender.send(ORDER)
    response = sender.send(ORDER)
    assert (response.status_code, response.json()) == (200, {"duplicate": True})
    assert len(tool.seen) == 1
    (row,) = log()
    assert (row.attempts, row.repeats) == (1, 1)


def test_what_failed_is_forwarded_when_it_comes_again(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log
) -> None:
    replies(tool, 500, 200)
    assert [sender.send(ORDER).status_code for _ in range(3)] == [500, 200, 200]
    assert len(tool.seen) == 2
    (row,) = log()
    assert (row.status, row.answered, row.detail, row.attempts, row.repeats) == ("delivered", 200, "", 2, 1)


def test_two_at_the_same_moment_are_forwarded_once(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log
) -> None:
    go = threading.Event()

    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        go.wait(20)
        answer(handler)

    tool.reply = reply
    with ThreadPoolExecutor() as pool:
        several = [pool.submit(sender.send, ORDER) for _ in range(4)]
        refused = [future.result().status_code for future in islice(as_completed(several, timeout=30), 3)]
        go.set()
        statuses = sorted(future.result().status_code for future in several)
    assert refused == [503, 503, 503]
    assert statuses == [200, 503, 503, 503]
    assert len(tool.seen) == 1
    assert len(log()) == 1


def test_a_message_left_in_the_middle_is_free_again(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log
) -> None:
    sender.send(ORDER)
    long_ago = timezone.now() - deliveries.LEASE - timedelta(seconds=1)
    WebhookDelivery.everyone.update(status="forwarding", attempted_at=long_ago)
    assert sender.send(ORDER).status_code == 200
    assert (len(tool.seen), log()[0].status) == (2, "delivered")


def test_such_a_message_has_failed(sender: Sender, deployment: Deployment, log: Log) -> None:
    sender.send(ORDER)
    WebhookDelivery.everyone.update(status="forwarding")
    assert deliveries.prune() == 0
    WebhookDelivery.everyone.update(attempted_at=timezone.now() - deliveries.LEASE - timedelta(seconds=1))
    assert deliveries.prune() == 1
    assert (log()[0].status, log()[0].detail) == ("failed", deliveries.INTERRUPTED)


def test_without_a_number_every_message_is_another(sender: Sender, deployment: Deployment, tool: Upstream) -> None:
    sender.send({"no": "id"})
    sender.send({"no": "id"})
    assert len(tool.seen) == 2


# --- nobody there -----------------------------------------------------------------------------------------------------


def test_where_nothing_is_bound_the_provider_shall_try_again(sender: Sender, log: Log) -> None:
    response = sender.send(ORDER)
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")
    assert response.json()["error"]["message"] == "No deployment uses this connection. Send it again later."
    sender.send(ORDER)
    (row,) = log()
    assert (row.status, row.deployment, row.attempts) == ("waiting", None, 0)


def test_a_project_alone_takes_nothing(sender: Sender, connection: Connection, project: App) -> None:
    bindings.bind(project, connection)
    assert sender.send(ORDER).status_code == 503


@pytest.mark.parametrize("status", ["deploying", "failed", "suspended"])
def test_where_it_does_not_run_the_provider_shall_try_again(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, status: str
) -> None:
    Deployment.everyone.update(status=status)
    response = sender.send(ORDER)
    assert (response.status_code, response.headers["vendo-error-code"]) == (503, "upstream_error")
    assert (log()[0].status, log()[0].deployment, log()[0].detail) == ("waiting", deployment, deliveries.NOT_RUNNING)
    Deployment.everyone.update(status="degraded")
    assert sender.send(ORDER).status_code == 200
    assert (len(log()), log()[0].status) == (1, "delivered")


def test_what_waited_for_nobody_is_the_first_ones_who_comes(
    sender: Sender, connection: Connection, make_deployment: Callable[..., Deployment], tool: Upstream, log: Log
) -> None:
    sender.send(ORDER)
    deployment = bound(make_deployment(connection.tenant, "signing", url=tool.url), connection)
    assert sender.send(ORDER).status_code == 200
    (row,) = log()
    assert (row.deployment, row.status) == (deployment, "delivered")


def test_what_waited_meanwhile_does_not_come_between(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, owner: User
) -> None:
    """It failed, the account was taken away, it came again for nobody, and the account is back."""
    replies(tool, 500, 200)
    assert sender.send(ORDER).status_code == 500
    connection = log()[0].connection
    bindings.unbind(deployment.app, connection.integration_id)
    assert sender.send(ORDER).status_code == 503
    bindings.bind(deployment.app, connection)
    assert sender.send(ORDER).status_code == 200
    assert {(row.deployment, row.status) for row in log()} == {(deployment, "delivered"), (None, "waiting")}
    waiting = WebhookDelivery.everyone.get(deployment=None)
    with pytest.raises(RedeliveryRefused, match="was sent this later"):
        deliveries.redeliver(waiting, by=owner)


def test_what_does_not_open_is_not_sent_once_more(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, owner: User
) -> None:
    sender.send(ORDER)
    WebhookDelivery.everyone.update(message="v1.gone.AAAA")
    deliveries.redeliver(log()[0], by=owner)
    redeliver.func(str(log()[0].pk))
    assert (log()[0].status, log()[0].detail, len(tool.seen)) == ("failed", "What was sent does not open.", 1)


def test_a_tool_that_does_not_listen_is_a_502(sender: Sender, deployment: Deployment, log: Log) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    Deployment.everyone.update(url=f"http://127.0.0.1:{port}")
    response = sender.send(ORDER)
    assert (response.status_code, response.headers["vendo-error-code"]) == (502, "upstream_error")
    assert (log()[0].status, log()[0].answered) == ("failed", None)


def test_a_tool_that_says_nothing_is_given_up(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "WITHIN", 0.3)

    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        tool.gone.wait(3)

    tool.reply = reply
    assert sender.send(ORDER).status_code == 502
    assert log()[0].detail.startswith("The tool did not answer within")


def test_nor_may_it_answer_by_and_by_for_ever(
    sender: Sender, deployment: Deployment, tool: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "WITHIN", 0.5)

    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"1\r\nx\r\n")
            tool.gone.wait(0.05)

    tool.reply = reply
    assert sender.send(ORDER).status_code == 502


# --- several deployments ----------------------------------------------------------------------------------------------


def test_every_deployment_gets_it_and_only_who_missed_it_gets_it_again(
    sender: Sender,
    connection: Connection,
    deployment: Deployment,
    tool: Upstream,
    make_deployment: Callable[..., Deployment],
) -> None:
    with upstream() as second:
        bound(make_deployment(connection.tenant, "signing", slug="second", url=second.url), connection)
        replies(second, 500, 204)
        assert [sender.send(ORDER).status_code for _ in range(3)] == [500, 200, 200]
        assert (len(tool.seen), len(second.seen)) == (1, 2)


# --- once more --------------------------------------------------------------------------------------------------------


def test_a_person_can_have_it_sent_once_more(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, owner: User
) -> None:
    replies(tool, 500, 200)
    sender.send(ORDER, x_shop_topic="orders")
    deliveries.redeliver(log()[0], by=owner)
    assert log()[0].status == "forwarding"
    redeliver.func(str(log()[0].pk))
    first, second = tool.seen
    assert (second.body, second.header("x-shop-topic")) == (first.body, "orders")
    assert second.header("vendo-signature")
    assert (log()[0].status, log()[0].attempts) == ("delivered", 2)


def test_a_task_that_comes_too_late_does_nothing(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log
) -> None:
    sender.send(ORDER)
    redeliver.func(str(log()[0].pk))
    assert len(tool.seen) == 1


def test_what_is_delivered_can_be_sent_once_more_too(
    sender: Sender, deployment: Deployment, log: Log, owner: User
) -> None:
    sender.send(ORDER)
    deliveries.redeliver(log()[0], by=owner)
    assert log()[0].status == "forwarding"
    with pytest.raises(RedeliveryRefused, match="on its way"):
        deliveries.redeliver(log()[0], by=owner)


def test_not_to_one_who_has_lost_the_account(
    sender: Sender, connection: Connection, deployment: Deployment, log: Log, owner: User
) -> None:
    sender.send(ORDER)
    bindings.unbind(deployment.app, connection.integration_id)
    with pytest.raises(RedeliveryRefused, match="no longer uses"):
        deliveries.redeliver(log()[0], by=owner)


def test_nor_to_nobody_nor_to_one_that_does_not_run(
    sender: Sender, connection: Connection, make_deployment: Callable[..., Deployment], log: Log, owner: User
) -> None:
    sender.send(ORDER)
    with pytest.raises(RedeliveryRefused, match="No deployment"):
        deliveries.redeliver(log()[0], by=owner)
    bound(make_deployment(connection.tenant, "signing", status="suspended"), connection)
    with pytest.raises(RedeliveryRefused, match="not running"):
        deliveries.redeliver(log()[0], by=owner)


def test_nor_what_is_no_longer_kept(sender: Sender, deployment: Deployment, log: Log, owner: User) -> None:
    sender.send(ORDER)
    WebhookDelivery.everyone.update(received_at=timezone.now() - deliveries.MESSAGES_KEPT)
    assert deliveries.prune() == 1
    with pytest.raises(RedeliveryRefused, match="no longer kept"):
        deliveries.redeliver(log()[0], by=owner)
    assert sender.send(ORDER).json() == {"duplicate": True}


def test_old_rows_go_a_few_at_a_time(
    sender: Sender, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        sender.send(b"{}")
    monkeypatch.setattr(deliveries, "ROWS", 2)
    WebhookDelivery.everyone.filter(pk__in=[row.pk for row in log()]).update(
        received_at=timezone.now() - deliveries.KEPT, message=None
    )
    sender.send(b"{}")
    assert [deliveries.prune() for _ in range(3)] == [2, 1, 0]
    assert len(log()) == 1
