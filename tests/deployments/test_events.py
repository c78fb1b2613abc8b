"""The outbox, its bell and its topics."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from connections.models import Connection
from deployments import events
from deployments.events import Kind
from deployments.models import App, Deployment, Event
from tenants.models import Tenant


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_the_transaction_of_its_change(tenant: Tenant) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        events.record(tenant, Kind.CHANGED, {})


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_its_change(tenant: Tenant) -> None:
    with transaction.atomic():
        events.record(tenant, Kind.CHANGED, {})
        transaction.set_rollback(True)
    assert not Event.everyone.exists()


@pytest.mark.django_db
def test_the_bell_rings_after_the_commit_and_says_whose_events_there_are(
    tenant: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    layer = get_channel_layer()
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)(events.GROUP, channel)
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        event = events.record(tenant, Kind.CHANGED, {"slug": "notion", "connection_id": str(uuid4())})
    assert not layer.channels.get(channel) or layer.channels[channel].empty()
    for callback in callbacks:
        callback()
    assert async_to_sync(layer.receive)(channel) == {"type": "events.bell", "tenant": str(tenant.pk)}
    async_to_sync(layer.group_discard)(events.GROUP, channel)
    assert event.id.startswith("evt_")


@pytest.mark.django_db
def test_a_layer_that_is_down_costs_the_bell_and_not_the_change(
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def down(_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(events, "ring", down)
    with django_capture_on_commit_callbacks(execute=True):
        events.record(tenant, Kind.CHANGED, {})
    assert Event.everyone.count() == 1


@pytest.mark.django_db
def test_a_deployments_change_is_told_to_pages_alone(
    tenant: Tenant, make_deployment: Callable[..., Deployment]
) -> None:
    deployment = make_deployment(tenant)
    events.deployment_changed(deployment)
    event = Event.everyone.get()
    assert event.app is None
    assert events.topics(event) == ["deployments", f"deployment-{deployment.pk}"]


@pytest.mark.django_db
def test_topics_of_a_connections_change(project: App) -> None:
    payload = {"slug": "notion", "connection_id": "c1"}
    of_app = Event(tenant=project.tenant, app=project, kind=Kind.CONNECTED, payload=payload)
    of_tenant = Event(tenant=project.tenant, kind=Kind.CONNECTED, payload=payload)
    assert events.topics(of_tenant) == ["connections", "connection-c1"]
    assert events.topics(of_app) == ["connections", "connection-c1", f"bindings-{project.pk}"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "told"),
    [("active", "connected"), ("needs_reauth", "needs_reauth"), ("error", "error"), ("revoked", "revoked")],
)
def test_statuses_in_the_contracts_words(status: str, told: str) -> None:
    assert events.status_of(Connection(status=status)) == told
