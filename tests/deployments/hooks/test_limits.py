"""No workspace gets in the way of the others, or gets what is theirs; and an empty secret verifies nothing."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from connections import vault
from connections.models import Connection
from deployments import bindings, deliveries, hook_door, pruning, tasks
from deployments.models import App, Deployment
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import Tenant, User
from tests.deployments.hooks.conftest import SECRET, Sender
from tests.servers import Upstream, answer

pytestmark = pytest.mark.django_db(transaction=True)

type Log = Callable[[], list[WebhookDelivery]]


@pytest.fixture
def of_others(
    served: str, connection: Connection, other_tenant: Tenant, make_connection: Callable[..., Connection]
) -> Sender:
    """The provider, with a message for another workspace."""
    row = make_connection(other_tenant, "signing")
    vault.seal(row, "further_secrets", json.dumps({"webhook_secret": SECRET}))
    row.save()
    return Sender(served, row.external_id)


@pytest.fixture
def browser(client_for: Callable[[User], Client], member: User) -> Client:
    return client_for(member)


def test_there_is_an_end_to_what_is_kept_of_one_workspace_and_all_of_it_is_forwarded(
    sender: Sender, of_others: Sender, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ROOM", 4000)
    for number in range(3):
        assert sender.send({"id": f"evt_{number}", "text": "x" * 1000}).status_code == 200
    assert [(row.status, row.message is not None) for row in log()] == [
        ("delivered", False),
        ("delivered", True),
        ("delivered", True),
    ]
    of_others.send({"id": "evt_1", "text": "x" * 1000})
    assert WebhookDelivery.everyone.exclude(tenant=deployment.tenant).get().message is not None


def test_a_message_that_was_not_kept_is_forwarded_when_it_comes_again(
    sender: Sender, deployment: Deployment, tool: Upstream, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ROOM", 0)
    tool.reply = lambda seen, handler: answer(handler, 500, b"")
    assert sender.send({"id": "evt_1"}).status_code == 500
    tool.reply = lambda seen, handler: answer(handler)
    assert sender.send({"id": "evt_1"}).status_code == 200
    (row,) = log()
    assert (row.status, row.attempts, row.message) == ("delivered", 2, None)


def test_what_is_kept_is_not_held_while_a_tool_takes_its_time(
    connection: Connection, deployment: Deployment, log: Log
) -> None:
    message = deliveries.Message(headers=(), body=b"x" * 1000, event_id="evt_1")
    for _ in range(2):
        (taken,) = deliveries.receive(connection, message)
        assert taken.row.get_deferred_fields() == {"message"}
    assert deliveries.Message.of(log()[0]).body == message.body


def test_a_workspace_that_is_sent_too_much_waits_and_the_others_do_not(
    sender: Sender, of_others: Sender, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_door, "AN_HOUR", 1)
    assert sender.send(secret="of a stranger").status_code == 412
    assert sender.send().status_code == 200
    refused = sender.send()
    assert (refused.status_code, refused.headers["vendo-error-code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert of_others.send().json()["error"]["message"].startswith("No deployment uses this connection.")


def test_an_empty_secret_verifies_nothing(sender: Sender, connection: Connection, deployment: Deployment) -> None:
    vault.seal(connection, "further_secrets", json.dumps({"webhook_secret": ""}))
    connection.save()
    assert sender.send(secret="").status_code == 412


def test_few_messages_at_a_time_are_sent_once_more(
    browser: Client, sender: Sender, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "RESENT_AT_ONCE", 1)
    for number in range(2):
        sender.send({"id": f"evt_{number}"})
    addresses = [f"/connections/{row.connection_id}/webhooks/{row.pk}/redeliver" for row in log()]
    answers = [browser.post(address, headers={"HX-Request": "true"}) for address in addresses]
    assert [answer.status_code for answer in answers] == [204, 409]
    assert answers[1].json()["message"] == deliveries.BUSY


def test_no_deploy_waits_behind_what_is_sent_once_more(deployment: Deployment) -> None:
    for task in (tasks.redeliver, tasks.settle_hooks, tasks.deploy):
        task.enqueue(str(deployment.pk))
    waiting = DBTaskResult.objects.ready().values_list("task_path", flat=True)
    assert waiting[0] == "deployments.tasks.deploy"


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("change", ["stopped", "unbound"])
def test_one_that_was_stopped_or_unbound_in_the_meantime_gets_nothing(
    sender: Sender, tool: Upstream, log: Log, owner: User, change: str
) -> None:
    sender.send()
    deliveries.redeliver(log()[0], by=owner)
    if change == "stopped":
        Deployment.everyone.update(status=Deployment.Status.DESTROYED)
    else:
        bindings.unbind(App.everyone.get(), "signing")
    tasks.redeliver.func(str(log()[0].pk))
    assert (log()[0].status, log()[0].detail, len(tool.seen)) == ("failed", deliveries.GIVEN_UP, 1)


def test_a_round_takes_all_that_is_old(connection: Connection, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "ROWS", 1)
    for _ in range(3):
        deliveries.note_refused(connection, 2, "")
    WebhookDelivery.everyone.update(received_at=timezone.now() - deliveries.KEPT)
    assert next(pruning.steps()) == 3
    assert log() == []
