"""Restart, suspend, resume, destroy, upgrade, roll back and retry: what each does, refuses, and survives."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult

from connections import vault
from connections.models import Connection
from deployments import bindings, environment, health, keys, operations, ports, runtimes
from deployments.lease import Lease
from deployments.models import ApiKey, Binding, Deployment, EnvironmentVariable, Event, Release
from deployments.objections import OperationRefused, possible
from deployments.plans import PLANS
from deployments.publish import publish
from deployments.runtimes import RuntimeFailed
from deployments.steps import Done, Job, StepFailed
from tenants.models import Tenant, User
from tests.deployments.dying import die_in, instead, let_the_lease_run_out, outcomes, run
from tests.deployments.fakes import FakeRuntime, deployed, release_of
from tests.deployments.tools import write_tool

pytestmark = pytest.mark.postgres

type Make = Callable[..., Connection]
type Patch = pytest.MonkeyPatch

Status = Deployment.Status
# What each operation calls of the runtime.
CALLS = {"restart": ["restart"], "suspend": ["stop"], "resume": ["prepare", "start"], "destroy": ["remove"]}


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, settings: Any, monkeypatch: Patch) -> FakeRuntime:
    """No process is started; what would be, answers at once."""
    settings.DATA_DIR, settings.TOOL_PORTS = tmp_path / "data", "8780-8783"
    fake = FakeRuntime()
    monkeypatch.setattr(runtimes, "current", lambda: fake)
    monkeypatch.setattr(health, "ask", lambda port, path: (True, "status 200"))
    monkeypatch.setattr(ports, "busy", lambda port: False)
    return fake


@pytest.fixture
def release(tmp_path: Path, db: None) -> Release:
    return release_of(tmp_path / "clock", integrations=["notion"], secrets=[{"key": "SESSION", "type": "uuid"}])


@pytest.fixture
def notes(tenant: Tenant, make_connection: Make) -> Connection:
    return make_connection(tenant, "notion", display_name="Ada's workspace")


@pytest.fixture
def deployment(tenant: Tenant, owner: User, release: Release, notes: Connection, runtime: FakeRuntime) -> Deployment:
    """One that runs."""
    deployment = run(deployed(tenant, release, user=owner, chosen={"notion": notes}))
    assert deployment.status == Status.RUNNING
    runtime.calls.clear()
    return deployment


def newer(folder: Path, version: str = "2.0.0", *, integrations: list[Any] | None = None, **template: Any) -> Release:
    """The next release of the same tool."""
    both = {"integrations": integrations or ["notion"]}
    return publish(write_tool(folder / version, manifest=both, template=both | {"version": version} | template))


def begin(deployment: Deployment, operation: str, by: User | None = None) -> Deployment:
    """Put it under way, from a state in which it makes sense."""
    if operation == "resume":
        operations.suspend(deployment)
        run(deployment)
    getattr(operations, operation)(deployment, by)
    return deployment


def refused(verb: Callable[[Deployment], None], deployment: Deployment) -> str:
    with pytest.raises(OperationRefused) as caught:
        verb(deployment)
    assert caught.value.message.endswith(".")
    return caught.value.code


def fail_in(monkeypatch: Patch, deployment: Deployment, name: str) -> None:
    def fail(job: Job) -> Done:
        raise StepFailed("It broke.", "Mend it.")

    with monkeypatch.context() as patch:
        instead(patch, name, fail)
        run(deployment)
    assert deployment.status == Status.FAILED


# --- each of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", CALLS)
def test_each_runs_its_own_plan(deployment: Deployment, runtime: FakeRuntime, operation: str) -> None:
    begin(deployment, operation)
    runtime.calls.clear()
    run(deployment)
    assert runtime.calls == CALLS[operation]
    assert outcomes(deployment, of=operation) == [(step.name, "done") for step in PLANS[operation]]
    assert (deployment.operation, deployment.current_step, deployment.failure) == ("", "", {})


@pytest.mark.parametrize(
    ("operation", "status", "desired"),
    [
        ("restart", "running", "running"),
        ("suspend", "suspended", "suspended"),
        ("resume", "running", "running"),
        ("destroy", "destroyed", "destroyed"),
    ],
)
def test_each_ends_in_its_state(deployment: Deployment, operation: str, status: str, desired: str) -> None:
    run(begin(deployment, operation))
    assert (deployment.status, deployment.desired_state) == (status, desired)


@pytest.mark.parametrize(
    ("operation", "noted"),
    [("restart", "restarted"), ("suspend", "suspended"), ("resume", "resumed"), ("destroy", "destroyed")],
)
def test_who_did_it_is_noted(deployment: Deployment, member: User, operation: str, noted: str) -> None:
    begin(deployment, operation, member)
    assert deployment.activities.filter(action=noted, actor=member).count() == 1


@pytest.mark.parametrize("operation", CALLS)
def test_it_is_enqueued_and_told_on_commit(
    deployment: Deployment, operation: str, django_capture_on_commit_callbacks: Any
) -> None:
    told, queued = Event.everyone.count(), DBTaskResult.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        begin(deployment, operation)
    assert DBTaskResult.objects.count() > queued
    assert Event.everyone.count() > told


@pytest.mark.parametrize(
    ("operation", "name"), [(operation, step.name) for operation in CALLS for step in PLANS[operation]]
)
def test_a_worker_killed_in_any_step_is_taken_over(
    deployment: Deployment, monkeypatch: Patch, operation: str, name: str
) -> None:
    begin(deployment, operation)
    die_in(monkeypatch, deployment, name)
    run(deployment)
    assert deployment.current_step == name, "the dead worker's lease still holds"
    let_the_lease_run_out(deployment)
    run(deployment)
    assert deployment.operation == ""
    assert outcomes(deployment, of=operation).count((name, "interrupted")) == 1
    assert ApiKey.everyone.filter(app=deployment.app).count() == 1


@pytest.mark.parametrize(
    ("operation", "name"), [(operation, step.name) for operation in CALLS for step in PLANS[operation]]
)
def test_what_failed_in_any_step_is_retried_from_there(
    deployment: Deployment, member: User, monkeypatch: Patch, operation: str, name: str
) -> None:
    begin(deployment, operation)
    fail_in(monkeypatch, deployment, name)
    assert (deployment.operation, deployment.current_step) == (operation, name)
    assert deployment.activities.filter(action=f"{operation} failed", actor=None).exists()
    operations.retry(deployment, member)
    assert (deployment.status, deployment.failure) == (Status.DEGRADED, {})
    assert run(deployment).operation == ""
    first = PLANS[operation][0].name
    assert outcomes(deployment, of=operation).count((first, "done")) == 1, "it went on from the step that failed"


# --- restart ----------------------------------------------------------------------------------------------------------


def test_a_restart_applies_what_has_changed(deployment: Deployment, notes: Connection) -> None:
    before = deployment.env_applied
    vault.seal(notes, "credential", "a-better-token")
    notes.save()
    operations.restart(deployment)
    run(deployment)
    assert environment.values(deployment)["NOTION_TOKEN"] == "a-better-token"
    assert deployment.env_applied == deployment.env_wanted != before
    assert deployment.applied["integrations"]["notion"]["name"] == "Ada's workspace"
    assert "a-better-token" not in str(deployment.applied)


def test_a_restart_after_an_old_failure_starts_the_tool_once(
    deployment: Deployment, runtime: FakeRuntime, monkeypatch: Patch
) -> None:
    operations.restart(deployment)
    fail_in(monkeypatch, deployment, "health_check")
    operations.retry(deployment)
    run(deployment)
    runtime.calls.clear()
    operations.restart(deployment)
    run(deployment)
    assert runtime.calls == ["restart"]


# --- destroy ----------------------------------------------------------------------------------------------------------


def test_destroying_leaves_the_record_and_nothing_else(deployment: Deployment, notes: Connection) -> None:
    key = ApiKey.everyone.get(app=deployment.app)
    operations.destroy(deployment)
    run(deployment)
    key.refresh_from_db()
    notes.refresh_from_db()
    assert key.revoked_at is not None
    assert not Binding.everyone.filter(app=deployment.app).exists()
    assert not EnvironmentVariable.everyone.filter(deployment=deployment).exists()
    assert (deployment.port, deployment.url, deployment.applied, deployment.chosen) == (None, "", {}, {})
    assert notes.live, "the connection is the tenant's, and stays"
    assert deployment.logs.exists()
    assert deployment.activities.exists()


def test_its_app_is_told_that_it_loses_its_connection(deployment: Deployment, notes: Connection) -> None:
    operations.destroy(deployment)
    run(deployment)
    last = Event.everyone.filter(app=deployment.app).latest("sequence")
    assert (last.kind, last.payload["connection_id"]) == ("connection.disconnected", str(notes.pk))


def test_a_key_that_was_minted_meanwhile_ends_too(deployment: Deployment, monkeypatch: Patch) -> None:
    operations.destroy(deployment)
    die_in(monkeypatch, deployment, "remove_compute")
    keys.mint(deployment.app, "late")
    let_the_lease_run_out(deployment)
    assert run(deployment).status == Status.DESTROYED
    assert not ApiKey.everyone.filter(app=deployment.app, revoked_at=None).exists()


def test_slug_and_port_are_free_again(
    deployment: Deployment, tenant: Tenant, release: Release, notes: Connection
) -> None:
    port = deployment.port
    operations.destroy(deployment)
    run(deployment)
    again = run(deployed(tenant, release, chosen={"notion": notes}))
    assert (again.slug, again.port, again.status) == (deployment.slug, port, Status.RUNNING)


def test_access_ends_even_where_the_runtime_does_not_answer(deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.refusal = RuntimeFailed("The supervisor is away.", "Start it.")
    operations.destroy(deployment)
    run(deployment)
    assert (deployment.status, deployment.current_step) == (Status.FAILED, "remove_compute")
    assert not ApiKey.everyone.filter(app=deployment.app, revoked_at=None).exists()
    assert possible(deployment) == {"destroy", "retry"}


def test_a_deploy_under_way_gives_way_to_the_end(
    tenant: Tenant, release: Release, notes: Connection, runtime: FakeRuntime, monkeypatch: Patch
) -> None:
    """The worker that deploys finds out at its next write, and turns to what is wanted now."""
    deployment = deployed(tenant, release, chosen={"notion": notes})

    def press_destroy(job: Job) -> Done:
        operations.destroy(Deployment.everyone.get(pk=deployment.pk))
        return Done("Installed.")

    instead(monkeypatch, "provision_compute", press_destroy)
    run(deployment)
    assert (deployment.status, runtime.calls) == (Status.DESTROYED, ["remove"])
    assert ("provision_compute", "interrupted") in outcomes(deployment, of="deploy")


def test_the_end_waits_until_the_worker_has_let_go(deployment: Deployment, runtime: FakeRuntime) -> None:
    operations.restart(deployment)
    lease = Lease(deployment.pk)
    assert lease.take()
    operations.destroy(deployment)
    run(deployment)
    assert runtime.calls == [], "the other worker may be starting the tool at this moment"
    lease.release()
    assert run(deployment).status == Status.DESTROYED


def test_nothing_can_be_done_to_what_was_destroyed(deployment: Deployment) -> None:
    operations.destroy(deployment)
    run(deployment)
    assert possible(deployment) == frozenset()
    for verb in (operations.restart, operations.resume, operations.destroy, operations.retry, operations.upgrade):
        assert refused(verb, deployment) == "destroyed"


# --- upgrade and rollback ---------------------------------------------------------------------------------------------


def test_an_upgrade_moves_to_the_active_release(deployment: Deployment, runtime: FakeRuntime, tmp_path: Path) -> None:
    first, second = deployment.release, newer(tmp_path)
    operations.upgrade(deployment)
    run(deployment)
    assert (deployment.release, deployment.previous_release) == (second, first)
    assert (deployment.status, runtime.calls) == (Status.RUNNING, ["prepare", "restart"])
    assert deployment.activities.get(action="upgraded").detail == "1.0.0 → 2.0.0"


def test_key_and_secrets_survive_the_way_there_and_back(deployment: Deployment, tmp_path: Path) -> None:
    kept = {name: environment.values(deployment)[name] for name in ("VENDO_API_KEY", "SESSION")}
    newer(tmp_path, secrets=[{"key": "SALT", "type": "uuid"}])
    operations.upgrade(deployment)
    salt = environment.values(run(deployment))["SALT"]
    operations.rollback(deployment)
    run(deployment)
    assert kept.items() <= environment.values(deployment).items()
    operations.upgrade(deployment)
    assert environment.values(run(deployment)) | {"SALT": salt} | kept == environment.values(deployment)
    assert ApiKey.everyone.filter(app=deployment.app).count() == 1


def test_a_rollback_goes_back_once(deployment: Deployment, runtime: FakeRuntime, tmp_path: Path) -> None:
    first = deployment.release
    newer(tmp_path)
    operations.upgrade(deployment)
    run(deployment)
    runtime.calls.clear()
    operations.rollback(deployment)
    run(deployment)
    assert (deployment.release, deployment.previous_release) == (first, None)
    assert runtime.calls == ["prepare", "restart"]
    assert refused(operations.rollback, deployment) == "no_previous_release"


def test_a_failed_upgrade_can_be_retried_or_rolled_back(
    deployment: Deployment, runtime: FakeRuntime, tmp_path: Path
) -> None:
    first, second = deployment.release, newer(tmp_path)
    runtime.refusal = RuntimeFailed("The packages can't be installed.", "Mend requirements.txt.")
    operations.upgrade(deployment)
    run(deployment)
    assert (deployment.status, deployment.release) == (Status.FAILED, second)
    assert {"retry", "rollback"} <= possible(deployment)
    runtime.refusal = None
    operations.rollback(deployment)
    run(deployment)
    assert (deployment.status, deployment.release) == (Status.RUNNING, first)


def test_the_way_back_is_to_what_worked_last(deployment: Deployment, runtime: FakeRuntime, tmp_path: Path) -> None:
    first = deployment.release
    newer(tmp_path)
    runtime.refusal = RuntimeFailed("It does not start.", "Mend it.")
    operations.upgrade(deployment)
    run(deployment)
    newer(tmp_path, "3.0.0")
    runtime.refusal = None
    operations.upgrade(deployment)
    run(deployment)
    assert (deployment.release.version, deployment.previous_release) == ("3.0.0", first)


def test_a_deploy_that_never_worked_can_be_upgraded(
    tenant: Tenant, release: Release, notes: Connection, runtime: FakeRuntime, tmp_path: Path
) -> None:
    runtime.refusal = RuntimeFailed("It does not start.", "Mend it.")
    deployment = run(deployed(tenant, release, chosen={"notion": notes}))
    newer(tmp_path)
    runtime.refusal = None
    operations.upgrade(deployment)
    assert deployment.status == Status.DEPLOYING
    run(deployment)
    assert (deployment.status, deployment.previous_release) == (Status.RUNNING, None)


def test_there_is_nothing_newer(deployment: Deployment) -> None:
    assert refused(operations.upgrade, deployment) == "up_to_date"


def test_other_tools_and_withdrawn_releases_are_refused(deployment: Deployment, tmp_path: Path) -> None:
    other = publish(write_tool(tmp_path / "x", manifest={"name": "other"}, template={"slug": "other"}))
    withdrawn = newer(tmp_path)
    Release.objects.filter(pk=withdrawn.pk).update(status=Release.Status.WITHDRAWN)
    withdrawn.refresh_from_db()
    for release in (other, withdrawn):
        assert refused(partial(operations.upgrade, release=release), deployment) == "release_unknown"


def test_nobody_goes_back_to_a_withdrawn_release(deployment: Deployment, release: Release, tmp_path: Path) -> None:
    newer(tmp_path)
    operations.upgrade(deployment)
    run(deployment)
    Release.objects.filter(pk=release.pk).update(status=Release.Status.WITHDRAWN)
    deployment.refresh_from_db()
    assert refused(operations.rollback, deployment) == "release_withdrawn"


def test_a_new_question_must_be_answered(deployment: Deployment, tmp_path: Path) -> None:
    newer(tmp_path, userInputs=[{"key": "TEAM", "label": "Team"}, {"key": "HUE", "label": "Hue", "default": "red"}])
    assert refused(operations.upgrade, deployment) == "invalid_input"
    operations.upgrade(deployment, answers={"TEAM": "Ada"})
    values = environment.values(run(deployment))
    assert (values["TEAM"], values["HUE"]) == ("Ada", "red")


def test_an_answer_that_no_longer_holds_is_asked_again(
    tenant: Tenant, tmp_path: Path, runtime: FakeRuntime, db: None
) -> None:
    question = {"key": "HUE", "label": "Hue", "inputType": "select", "options": ["red", "blue"]}
    old = release_of(tmp_path / "old", userInputs=[question])
    deployment = run(deployed(tenant, old, inputs={"HUE": "red"}))
    release_of(tmp_path / "new", version="2.0.0", userInputs=[question | {"options": ["blue", "green"]}])
    assert refused(operations.upgrade, deployment) == "invalid_input"
    operations.upgrade(deployment, answers={"HUE": "green"})
    assert environment.values(run(deployment))["HUE"] == "green"


def test_a_new_required_integration_must_be_connected(
    deployment: Deployment, tenant: Tenant, make_connection: Make, tmp_path: Path
) -> None:
    newer(tmp_path, integrations=["notion", "googledrive"])
    assert refused(operations.upgrade, deployment) == "missing_binding"
    bindings.bind(deployment.app, make_connection(tenant, "googledrive"))
    operations.upgrade(deployment)
    assert run(deployment).status == Status.RUNNING


# --- what makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"status": "deploying", "operation": "deploy", "url": ""}, {"destroy"}),
        ({"status": "running"}, {"restart", "suspend", "destroy", "upgrade"}),
        ({"status": "degraded"}, {"restart", "suspend", "destroy", "upgrade"}),
        ({"status": "running", "operation": "restart"}, {"destroy"}),
        ({"status": "suspended", "desired_state": "suspended"}, {"resume", "destroy"}),
        ({"status": "failed", "operation": "deploy", "url": ""}, {"retry", "destroy", "upgrade"}),
        ({"status": "failed", "operation": "restart"}, {"retry", "suspend", "destroy", "upgrade"}),
        ({"status": "failed", "operation": "suspend", "desired_state": "suspended"}, {"retry", "resume", "destroy"}),
        ({"status": "failed", "operation": "destroy", "desired_state": "destroyed"}, {"retry", "destroy"}),
        ({"status": "running", "operation": "destroy", "desired_state": "destroyed"}, set()),
        ({"status": "destroyed", "desired_state": "destroyed"}, set()),
    ],
)
def test_what_is_offered_in_each_state(
    tenant: Tenant, make_deployment: Callable[..., Deployment], fields: dict[str, str], offered: set[str]
) -> None:
    assert possible(make_deployment(tenant, **{"url": "http://127.0.0.1:8101"} | fields)) == offered


def test_one_thing_at_a_time(deployment: Deployment) -> None:
    operations.restart(deployment)
    for verb in (operations.restart, operations.suspend, operations.upgrade, operations.retry):
        assert refused(verb, deployment) == "operation_under_way"


def test_a_stale_page_changes_nothing(deployment: Deployment) -> None:
    """The row decides, not what somebody read of it a while ago."""
    stale = Deployment.everyone.get(pk=deployment.pk)
    operations.suspend(deployment)
    run(deployment)
    assert refused(operations.restart, stale) == "suspended"


def test_what_did_not_fail_is_not_retried(deployment: Deployment) -> None:
    assert refused(operations.retry, deployment) == "not_failed"


def test_a_failed_suspension_can_be_taken_back(deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.refusal = RuntimeFailed("The supervisor is away.", "Start it.")
    operations.suspend(deployment)
    assert run(deployment).status == Status.FAILED
    runtime.refusal = None
    operations.resume(deployment)
    assert run(deployment).status == Status.RUNNING
