"""What a page says about an environment that is no longer the one the tool runs with."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.connect import disconnect, rename
from connections.models import Connection
from deployments import bindings, changes, environment
from deployments.models import Deployment, Event
from tenants.models import Tenant
from tests.deployments.running import applied, bound, now

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

type MakeConnection = Callable[..., Connection]


@pytest.fixture
def ada(tenant: Tenant, make_connection: MakeConnection) -> Connection:
    return make_connection(tenant, "notion", display_name="Ada's workspace", token="ada-token")


@pytest.fixture
def grace(tenant: Tenant, make_connection: MakeConnection) -> Connection:
    return make_connection(tenant, "notion", display_name="Grace's workspace", token="grace-token")


@pytest.fixture
def deployment(tenant: Tenant, make_deployment: Callable[..., Deployment], ada: Connection) -> Deployment:
    """Runs with Ada's workspace."""
    return bound(make_deployment(tenant, "notion", "googledrive"), ada)


def said(deployment: Deployment) -> list[str]:
    return changes.restart_changes(now(deployment))


def answer(deployment: Deployment, **answers: str) -> None:
    environment.write_inputs(deployment, answers)
    environment.want(deployment)


def test_nothing_is_said_while_nothing_changed(deployment: Deployment) -> None:
    assert said(deployment) == []


def test_another_account_is_named_beside_the_one_before(deployment: Deployment, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    assert said(deployment) == ["Notion is now Grace's workspace (was Ada's workspace)"]


def test_going_back_takes_it_back(deployment: Deployment, ada: Connection, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    bindings.bind(deployment.app, ada)
    assert said(deployment) == []


def test_a_start_with_the_new_one_takes_it_back(deployment: Deployment, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    applied(now(deployment))
    assert said(deployment) == []


def test_an_account_that_was_removed(deployment: Deployment) -> None:
    bindings.unbind(deployment.app, "notion")
    assert said(deployment) == ["Notion is no longer connected (was Ada's workspace)"]


def test_an_account_that_was_disconnected(deployment: Deployment, ada: Connection) -> None:
    disconnect(ada)
    assert said(deployment) == ["Notion is no longer connected (was Ada's workspace)"]


def test_an_account_that_was_added(
    tenant: Tenant, make_deployment: Callable[..., Deployment], grace: Connection
) -> None:
    deployment = applied(make_deployment(tenant, "notion"))
    bindings.bind(deployment.app, grace)
    assert said(deployment) == ["Notion is now connected: Grace's workspace"]


def test_another_account_of_the_same_name(
    deployment: Deployment, tenant: Tenant, make_connection: MakeConnection
) -> None:
    bindings.bind(deployment.app, make_connection(tenant, "notion", display_name="Ada's workspace", token="other"))
    assert said(deployment) == ["Notion is now another account named Ada's workspace"]


def test_a_new_credential_of_the_same_account(
    deployment: Deployment, ada: Connection, reconnect: Callable[[Connection, str], None]
) -> None:
    reconnect(ada, "ada-token-2")
    assert said(deployment) == ["Notion has a new credential for Ada's workspace"]


def test_a_new_name_alone_is_no_change(deployment: Deployment, ada: Connection) -> None:
    rename(ada, "Team notes")
    assert said(deployment) == []


def test_variables_of_people_are_named_without_their_values(deployment: Deployment) -> None:
    answer(deployment, TITLE="Plans", PIN="1234")
    applied(deployment)
    answer(deployment, TITLE="Secret plans", COLOR="red")
    deployment.variables.filter(name="PIN").delete()
    environment.want(deployment)
    assert said(deployment) == ["COLOR was added", "PIN was removed", "TITLE changed"]


def test_accounts_come_first(deployment: Deployment, grace: Connection) -> None:
    answer(deployment, ALPHA="1")
    bindings.bind(deployment.app, grace)
    assert [sentence.split()[0] for sentence in said(deployment)] == ["Notion", "ALPHA"]


def test_a_token_that_expires_needs_no_restart(
    deployment: Deployment, tenant: Tenant, make_connection: MakeConnection
) -> None:
    hour = timezone.now() + timedelta(hours=1)
    for name in ("One", "Two"):
        bindings.bind(deployment.app, make_connection(tenant, "googledrive", display_name=name, expires_at=hour))
    assert said(deployment) == []


@pytest.mark.parametrize("status", ["running", "degraded"])
def test_it_is_said_while_the_tool_runs(deployment: Deployment, grace: Connection, status: str) -> None:
    Deployment.everyone.update(status=status)
    bindings.bind(deployment.app, grace)
    assert said(deployment)


@pytest.mark.parametrize("status", ["deploying", "failed", "suspended", "destroyed"])
def test_it_is_not_said_while_it_does_not(deployment: Deployment, grace: Connection, status: str) -> None:
    bindings.bind(deployment.app, grace)
    Deployment.everyone.update(status=status)
    assert said(deployment) == []


@pytest.mark.parametrize("operation", ["suspend", "destroy"])
def test_nor_while_it_is_being_ended(deployment: Deployment, grace: Connection, operation: str) -> None:
    bindings.bind(deployment.app, grace)
    Deployment.everyone.update(operation=operation)
    assert said(deployment) == []


def test_of_a_process_from_before_snapshots_it_is_only_known_that_something_changed(
    deployment: Deployment, grace: Connection
) -> None:
    Deployment.everyone.update(applied={})
    bindings.bind(deployment.app, grace)
    assert said(deployment) == ["Its environment changed"]


def test_a_snapshot_tells_nothing_of_the_values(deployment: Deployment) -> None:
    answer(deployment, ONE="same", OTHER="same")
    text = json.dumps(changes.snapshot(deployment))
    assert not [value for value in environment.values(deployment).values() if len(value) > 4 and value in text]
    marks = changes.snapshot(deployment)["variables"]
    assert marks["ONE"]["mark"] != marks["OTHER"]["mark"]


def test_the_same_value_of_two_deployments_has_two_marks(
    tenant: Tenant, deployment: Deployment, make_deployment: Callable[..., Deployment], ada: Connection
) -> None:
    other = bound(make_deployment(tenant, "notion", slug="second"), ada)
    marks = {changes.snapshot(row)["variables"]["NOTION_TOKEN"]["mark"] for row in (deployment, other)}
    assert len(marks) == 2


def test_before_there_are_secrets_there_is_no_snapshot(
    tenant: Tenant, make_deployment: Callable[..., Deployment]
) -> None:
    assert changes.snapshot(make_deployment(tenant, "notion")) == {}


# --- what the process itself was given --------------------------------------------------------------------------------


def test_a_process_that_starts_by_itself_has_the_new_account(deployment: Deployment, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    values = changes.hand_over(deployment)
    assert values["NOTION_TOKEN"] == "grace-token"
    assert said(deployment) == []


def test_and_going_back_then_needs_a_restart(deployment: Deployment, ada: Connection, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    changes.hand_over(deployment)
    bindings.bind(deployment.app, ada)
    assert said(deployment) == ["Notion is now Ada's workspace (was Grace's workspace)"]


def test_pages_hear_of_it_and_only_then(deployment: Deployment, grace: Connection) -> None:
    before = Event.everyone.count()
    changes.hand_over(deployment)
    assert Event.everyone.count() == before
    bindings.bind(deployment.app, grace)
    Event.everyone.all().delete()
    changes.hand_over(deployment)
    assert [event.kind for event in Event.everyone.all()] == ["deployment.changed"]
