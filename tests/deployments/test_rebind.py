"""What a change of account does to a tool: its environment, its pages, its events, its record, its restart."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from connections import intents, vault
from connections.connect import choose, disconnect
from connections.credentials import mark_needs_reauth
from connections.intents import Intent
from connections.models import Connection, Integration
from deployments import bindings, environment, events, health, pipeline, runtimes, sweep
from deployments.models import App, Binding, Deployment, Event
from deployments.projects import create_project
from deployments.runtimes import Status
from tenants.models import Tenant, User
from tests.deployments.fakes import FakeRuntime
from tests.deployments.running import applied, bound, now

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

type MakeConnection = Callable[..., Connection]
type MakeDeployment = Callable[..., Deployment]
type Reconnect = Callable[[Connection, str], None]


@pytest.fixture
def ada(tenant: Tenant, make_connection: MakeConnection) -> Connection:
    return make_connection(tenant, "notion", display_name="Ada's workspace", token="ada-token")


@pytest.fixture
def grace(tenant: Tenant, make_connection: MakeConnection) -> Connection:
    return make_connection(tenant, "notion", display_name="Grace's workspace", token="grace-token")


@pytest.fixture
def deployment(tenant: Tenant, make_deployment: MakeDeployment, ada: Connection) -> Deployment:
    """Runs with Ada's workspace. Drive is declared too, and has no account."""
    return bound(make_deployment(tenant, "notion", "googledrive"), ada)


@pytest.fixture
def restarting(deployment: Deployment) -> Deployment:
    """The same, of a release that says that it must restart when Notion changes."""
    release = deployment.release
    type(release).objects.filter(pk=release.pk).update(template=release.template | {"restart_on": ["notion"]})
    return now(deployment)


def stored(deployment: Deployment) -> str | None:
    return environment.values(deployment).get("NOTION_TOKEN")


def pending(deployment: Deployment) -> bool:
    row = now(deployment)
    return row.env_wanted != row.env_applied


def told(deployment: Deployment) -> int:
    """How often open pages of the deployment were told to look again."""
    rows = Event.everyone.filter(kind="deployment.changed")
    return sum(event.payload == {"deployment_id": str(deployment.pk)} for event in rows)


def swept() -> list[object]:
    """Which deployments the workers' sweep found something to do for, other than work that lies about."""
    before = {row.pk: row.operation for row in Deployment.everyone.all()}
    sweep.sweep()
    return [row.pk for row in Deployment.everyone.all() if row.operation != before[row.pk]]


def record(deployment: Deployment) -> list[tuple[str, str | None, str]]:
    rows = deployment.activities.order_by("pk").select_related("actor")
    return [(row.action, row.actor.email if row.actor else None, row.detail) for row in rows]


# --- environment and pages --------------------------------------------------------------------------------------------


def test_a_swap_is_in_the_environment_at_once(deployment: Deployment, grace: Connection) -> None:
    before = told(deployment)
    bindings.bind(deployment.app, grace)
    assert stored(deployment) == "grace-token"
    assert pending(deployment)
    assert told(deployment) == before + 1


def test_going_back_needs_no_restart_and_is_told_too(
    deployment: Deployment, ada: Connection, grace: Connection
) -> None:
    before = told(deployment)
    bindings.bind(deployment.app, grace)
    bindings.bind(deployment.app, ada)
    assert not pending(deployment)
    assert told(deployment) == before + 2


def test_a_change_that_is_not_committed_never_was(deployment: Deployment, grace: Connection) -> None:
    before = told(deployment)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        bindings.bind(deployment.app, grace)
        raise ZeroDivisionError
    assert stored(deployment) == "ada-token"
    assert not pending(deployment)
    assert told(deployment) == before


def test_a_removed_account_leaves_no_token_behind(deployment: Deployment) -> None:
    bindings.unbind(deployment.app, "notion")
    assert stored(deployment) is None
    assert pending(deployment)


def test_a_disconnected_account_leaves_none_with_anybody(
    tenant: Tenant, deployment: Deployment, make_deployment: MakeDeployment, ada: Connection
) -> None:
    other = bound(make_deployment(tenant, "notion", slug="second"), ada)
    disconnect(ada)
    for row in (deployment, other):
        assert stored(row) is None
        assert pending(row)


def test_a_renewed_account_brings_its_new_token(deployment: Deployment, ada: Connection, reconnect: Reconnect) -> None:
    reconnect(ada, "ada-token-2")
    assert stored(deployment) == "ada-token-2"
    assert pending(deployment)


def test_the_same_token_again_changes_nothing(deployment: Deployment, ada: Connection, reconnect: Reconnect) -> None:
    before = told(deployment)
    reconnect(ada, "ada-token")
    assert not pending(deployment)
    assert told(deployment) == before


def test_an_account_that_waits_for_a_new_sign_in_asks_for_no_restart(deployment: Deployment, ada: Connection) -> None:
    mark_needs_reauth(ada, "Sign in again.")
    applied(now(deployment))
    assert stored(deployment) == "ada-token"
    assert not pending(deployment)


def test_a_connect_in_the_tools_name_swaps_it(deployment: Deployment, grace: Connection, owner: User) -> None:
    choose(grace, Intent("app", str(deployment.app.pk)), by=owner)
    assert stored(deployment) == "grace-token"
    assert pending(deployment)


def test_other_tools_are_left_alone(
    tenant: Tenant, deployment: Deployment, make_deployment: MakeDeployment, ada: Connection, grace: Connection
) -> None:
    other = bound(make_deployment(tenant, "notion", slug="second"), ada)
    bindings.bind(deployment.app, grace)
    assert stored(other) == "ada-token"
    assert not pending(other)
    # Chosen for one of them, it is not news for whoever has it already.
    choose(ada, Intent("app", str(deployment.app.pk)))
    assert [action for action, *_ in record(other)] == ["added an account"]


def test_a_secret_that_does_not_open_stops_nobody_from_disconnecting(
    tenant: Tenant, deployment: Deployment, ada: Connection, make_connection: MakeConnection, caplog: Any
) -> None:
    Connection.everyone.filter(pk=ada.pk).update(credential=vault.encrypt("x", "elsewhere"))
    bindings.bind(deployment.app, make_connection(tenant, "googledrive"))
    assert "could not be brought in step" in caplog.text
    disconnect(ada)
    assert stored(deployment) is None


# --- whoever does not run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["deploying", "suspended", "failed"])
def test_one_that_does_not_run_starts_with_the_new_account(
    deployment: Deployment, grace: Connection, status: str
) -> None:
    Deployment.everyone.update(status=status)
    bindings.bind(deployment.app, grace)
    assert stored(deployment) == "grace-token"
    assert applied(now(deployment)).env_applied == now(deployment).env_wanted


def test_what_was_chosen_at_launch_follows(deployment: Deployment, ada: Connection, grace: Connection) -> None:
    Deployment.everyone.update(status="failed", chosen={"notion": str(ada.pk)})
    bindings.bind(deployment.app, grace)
    assert now(deployment).chosen == {"notion": str(grace.pk)}


def test_what_was_removed_does_not_come_back_with_a_retry(deployment: Deployment, ada: Connection) -> None:
    Deployment.everyone.update(status="failed", chosen={"notion": str(ada.pk)})
    bindings.unbind(deployment.app, "notion")
    assert now(deployment).chosen == {}


@pytest.mark.parametrize(
    "gone", [{"status": "destroyed", "desired_state": "destroyed"}, {"desired_state": "destroyed"}]
)
def test_one_that_is_being_destroyed_gets_nothing(
    deployment: Deployment, grace: Connection, gone: dict[str, str]
) -> None:
    Deployment.everyone.update(**gone)
    with pytest.raises(bindings.BindingRefused) as refusal:
        bindings.bind(deployment.app, grace)
    assert refusal.value.code == "not_found"
    assert Binding.everyone.get().connection.display_name == "Ada's workspace"


def test_a_project_has_nothing_that_runs(tenant: Tenant, ada: Connection) -> None:
    project = create_project(tenant, "Laptop")
    bindings.bind(project, ada)
    assert bindings.unbind(project, "notion")
    assert not Deployment.everyone.exists()


def test_a_boot_that_another_worker_takes_over_knows_what_runs(
    deployment: Deployment, grace: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker started the tool and died; then the account was changed. What runs has the old one."""
    monkeypatch.setattr(runtimes, "current", lambda: FakeRuntime(status=Status.RUNNING))
    monkeypatch.setattr(health, "ask", lambda port, path: (True, "status 200"))
    Deployment.everyone.update(status="deploying", operation="deploy", current_step="boot")
    bindings.bind(deployment.app, grace)
    pipeline.run(deployment.pk)
    assert now(deployment).status == "running"
    assert pending(deployment)


@pytest.mark.django_db(transaction=True)
def test_many_changes_at_once_leave_the_environment_of_what_is_bound(
    tenant: Tenant, make_deployment: MakeDeployment, make_connection: MakeConnection
) -> None:
    """People bind and unbind, somebody disconnects, and a worker resolves: nobody waits for ever, nothing is stale."""
    tools = [applied(make_deployment(tenant, "notion", slug=f"tool-{n}")) for n in range(2)]
    accounts = [make_connection(tenant, "notion", account_id=str(n), token=f"token-{n}") for n in range(3)]

    def work(number: int) -> None:
        tool = now(tools[number % 2])
        try:
            for turn in range(3):
                with contextlib.suppress(bindings.BindingRefused):
                    bindings.bind(tool.app, accounts[(number + turn) % 3])
                if number == 2:
                    bindings.unbind(tool.app, "notion")
                if number == 3:
                    with transaction.atomic():
                        row = Deployment.everyone.select_for_update(no_key=True).get(pk=tool.pk)
                        environment.resolve(row)
                        events.deployment_changed(row)
            if number == 4:
                disconnect(accounts[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6), timeout=60))
    for tool in tools:
        held = bindings.binding(tool.app, "notion")
        assert stored(tool) == (vault.reveal(held.connection, "credential") if held else None)
        assert now(tool).env_wanted == environment.revision(environment.values(tool))


# --- who did it -------------------------------------------------------------------------------------------------------


def test_the_record_says_who_did_what(
    deployment: Deployment, ada: Connection, grace: Connection, owner: User, member: User
) -> None:
    bindings.bind(deployment.app, grace, by=owner)
    bindings.unbind(deployment.app, "notion", by=member)
    bindings.bind(deployment.app, ada, by=member)
    disconnect(ada, by=owner)
    assert record(deployment)[1:] == [
        ("changed an account", owner.email, "Notion: Grace's workspace (was Ada's workspace)"),
        ("removed an account", member.email, "Notion: Grace's workspace"),
        ("added an account", member.email, "Notion: Ada's workspace"),
        ("disconnected an account", owner.email, "Notion: Ada's workspace"),
    ]


def test_a_new_credential_is_on_record(deployment: Deployment, ada: Connection, reconnect: Reconnect) -> None:
    reconnect(ada, "ada-token-2")
    assert record(deployment)[-1] == ("renewed an account", None, "Notion: Ada's workspace")


def test_the_popup_says_who_chose(
    deployment: Deployment, grace: Connection, member: User, client_for: Callable[[User], Client]
) -> None:
    intent = intents.sign(Intent("app", str(deployment.app.pk)))
    path = f"/connections/connect/notion?intent={intent}"
    assert client_for(member).post(path, {"connection": grace.pk}).status_code == 200
    assert record(deployment)[-1][:2] == ("changed an account", member.email)


# --- restart_on -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_tool_that_asks_for_it_restarts_by_itself(restarting: Deployment, grace: Connection) -> None:
    bindings.bind(restarting.app, grace)
    assert now(restarting).operation == "restart"
    assert ("restarted", None) in [(action, by) for action, by, _ in record(restarting)]


@pytest.mark.django_db(transaction=True)
def test_also_when_the_account_is_renewed_or_goes(
    restarting: Deployment, ada: Connection, reconnect: Reconnect
) -> None:
    reconnect(ada, "ada-token-2")
    assert now(restarting).operation == "restart"
    Deployment.everyone.update(operation="")
    disconnect(ada)
    assert now(restarting).operation == "restart"


@pytest.mark.django_db(transaction=True)
def test_but_not_for_another_integration(
    restarting: Deployment, tenant: Tenant, make_connection: MakeConnection
) -> None:
    bindings.bind(restarting.app, make_connection(tenant, "googledrive"))
    assert now(restarting).operation == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["deploying", "suspended", "failed"])
def test_and_not_when_it_does_not_run(restarting: Deployment, grace: Connection, status: str) -> None:
    Deployment.everyone.update(status=status)
    bindings.bind(restarting.app, grace)
    assert now(restarting).operation == ""


@pytest.mark.django_db(transaction=True)
def test_while_something_else_is_under_way_it_waits_and_the_sweep_comes_back_to_it(
    restarting: Deployment, grace: Connection
) -> None:
    Deployment.everyone.update(operation="restart", current_step="finalize")
    bindings.bind(restarting.app, grace)
    assert swept() == []
    Deployment.everyone.update(operation="", current_step="")
    assert swept() == [restarting.pk]
    assert now(restarting).operation == "restart"
    assert swept() == []


def test_nobody_else_is_overdue(deployment: Deployment, grace: Connection) -> None:
    bindings.bind(deployment.app, grace)
    assert swept() == []


# --- one user at a time -----------------------------------------------------------------------------------------------


@pytest.fixture
def bot(extra_provider: Callable[..., Integration], tenant: Tenant, make_connection: MakeConnection) -> Connection:
    """An account that one program at a time may use."""
    extra_provider("parrot", exclusive=True)
    return make_connection(tenant, "parrot", display_name="Parrot bot")


def test_the_database_knows_too_that_one_app_has_it(
    tenant: Tenant, make_deployment: MakeDeployment, bot: Connection
) -> None:
    bindings.bind(make_deployment(tenant, "parrot").app, bot)
    second: App = create_project(tenant, "Laptop")
    with pytest.raises(IntegrityError), transaction.atomic():
        Binding.everyone.create(tenant=tenant, app=second, integration_id="parrot", connection=bot, exclusive=True)


def test_it_may_go_on_to_another_once_it_was_removed(
    tenant: Tenant, make_deployment: MakeDeployment, bot: Connection
) -> None:
    first, second = make_deployment(tenant, "parrot"), make_deployment(tenant, "parrot", slug="second")
    bindings.bind(first.app, bot)
    with pytest.raises(bindings.BindingRefused, match="connection_in_use"):
        bindings.bind(second.app, bot)
    bindings.unbind(first.app, "parrot")
    assert bindings.bind(second.app, bot).exclusive
