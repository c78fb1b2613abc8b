"""The ten steps: in order, once, taken over, failing in words, and going on."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from connections import vault
from connections.models import Connection, Integration
from deployments import bindings, environment, health, pipeline, ports, runtimes
from deployments.lease import Lease
from deployments.models import ApiKey, Binding, DeployLog, Deployment, Event, Release
from deployments.operations import retry
from deployments.plans import STEPS
from deployments.runtimes import RuntimeFailed
from deployments.steps import Done, Job, StepFailed
from tenants.models import Tenant, User
from tests.deployments.dying import die_in, instead, let_the_lease_run_out, outcomes, run
from tests.deployments.fakes import FakeRuntime, deployed, everything_told, release_of

pytestmark = pytest.mark.postgres

type Make = Callable[..., Connection]

NAMES = [step.name for step in STEPS]


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """No process is started; what would be, answers at once."""
    settings.DATA_DIR, settings.TOOL_PORTS = tmp_path / "data", "8790-8793"
    fake = FakeRuntime()
    monkeypatch.setattr(runtimes, "current", lambda: fake)
    monkeypatch.setattr(health, "ask", lambda port, path: (True, "status 200"))
    monkeypatch.setattr(ports, "busy", lambda port: False)
    return fake


@pytest.fixture
def release(tmp_path: Path, db: None) -> Release:
    return release_of(tmp_path / "clock", integrations=["notion", {"provider": "googledrive", "optional": True}])


@pytest.fixture
def notes(tenant: Tenant, make_connection: Make) -> Connection:
    return make_connection(tenant, "notion")


@pytest.fixture
def deployment(tenant: Tenant, owner: User, release: Release, notes: Connection) -> Deployment:
    return deployed(tenant, release, user=owner, chosen={"notion": notes})


def last_line(deployment: Deployment) -> DeployLog:
    return deployment.logs.latest("id")


def test_all_steps_run_in_order(deployment: Deployment, runtime: FakeRuntime, notes: Connection) -> None:
    run(deployment)
    assert outcomes(deployment) == [(name, "done") for name in NAMES]
    assert (deployment.status, deployment.current_step) == (Deployment.Status.RUNNING, "")
    assert (deployment.port, deployment.url) == (8790, "http://127.0.0.1:8790")
    assert runtime.calls == ["prepare", "start"]
    assert Binding.everyone.get(app=deployment.app).connection == notes
    assert environment.values(deployment)["NOTION_TOKEN"] == "secret-notion-token"
    assert deployment.env_wanted == deployment.env_applied == environment.revision(environment.values(deployment))
    assert (deployment.lease, deployment.lease_until) == ("", None)


def test_pages_are_told_of_every_change(deployment: Deployment) -> None:
    run(deployment)
    told = Event.everyone.filter(kind="deployment.changed", app=None)
    assert told.count() >= 1 + 2 * len(STEPS)


def test_a_finished_deployment_is_left_alone(deployment: Deployment, runtime: FakeRuntime) -> None:
    run(deployment)
    run(deployment)
    assert len(outcomes(deployment)) == len(STEPS)


@pytest.mark.parametrize("name", NAMES)
def test_a_worker_killed_in_any_step_is_taken_over(
    deployment: Deployment, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    die_in(monkeypatch, deployment, name)
    key = environment.values(deployment).get("VENDO_API_KEY")
    assert (deployment.status, deployment.current_step) == (Deployment.Status.DEPLOYING, name)
    run(deployment)
    assert deployment.current_step == name, "the dead worker's lease still holds"
    let_the_lease_run_out(deployment)
    run(deployment)
    assert deployment.status == Deployment.Status.RUNNING
    at = NAMES.index(name)
    assert outcomes(deployment) == [
        *[(done, "done") for done in NAMES[:at]],
        (name, "interrupted"),
        *[(done, "done") for done in NAMES[at:]],
    ]
    assert ApiKey.everyone.filter(app=deployment.app).count() == 1
    assert key in (None, environment.values(deployment)["VENDO_API_KEY"])


def test_a_worker_that_was_given_up_writes_nothing(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asleep; meanwhile another one took over."""

    def sleep_too_long(job: Job) -> Done:
        let_the_lease_run_out(job.deployment)
        assert Lease(job.deployment.pk).take()
        return Done("I did it", changes={"url": "http://old.example"})

    with monkeypatch.context() as patch:
        instead(patch, "boot", sleep_too_long)
        run(deployment)
    assert (deployment.current_step, deployment.url) == ("boot", "")
    assert outcomes(deployment)[-1] == ("boot", "running")
    assert deployment.lease, "the other one's lease is untouched"


@pytest.mark.parametrize("name", ["collect_secrets", "resolve_env", "write_bindings", "persist_connection_env_vars"])
def test_a_step_itself_writes_only_under_the_lease(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def lose_the_lease_first(job: Job) -> Done:
        let_the_lease_run_out(job.deployment)
        assert Lease(job.deployment.pk).take()
        return next(step for step in STEPS if step.name == name).run(job)

    run_until(monkeypatch, deployment, name)
    before = (environment.values(deployment), Binding.everyone.count(), ApiKey.everyone.count())
    with monkeypatch.context() as patch:
        instead(patch, name, lose_the_lease_first)
        run(deployment)
    assert (environment.values(deployment), Binding.everyone.count(), ApiKey.everyone.count()) == before
    assert deployment.current_step == name


def run_until(monkeypatch: pytest.MonkeyPatch, deployment: Deployment, name: str) -> None:
    """Run the steps before `name`."""

    def stop(job: Job) -> Done:
        raise OperationalError

    with monkeypatch.context() as patch:
        instead(patch, name, stop)
        run(deployment)
    assert deployment.current_step == name


def test_a_database_that_goes_away_is_waited_for(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    run_until(monkeypatch, deployment, "boot")
    assert deployment.status == Deployment.Status.DEPLOYING
    assert run(deployment).status == Deployment.Status.RUNNING


def test_a_step_in_which_workers_die_again_and_again_fails(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(pipeline.PATIENCE):
        die_in(monkeypatch, deployment, "boot")
        let_the_lease_run_out(deployment)
    run(deployment)
    assert deployment.status == Deployment.Status.FAILED
    assert deployment.failure["message"] == "This step was interrupted 5 times."
    retry(deployment)
    assert run(deployment).status == Deployment.Status.RUNNING


def test_a_deployment_that_is_destroyed_meanwhile_ends(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def destroy(job: Job) -> Done:
        Deployment.everyone.filter(pk=job.deployment.pk).update(status=Deployment.Status.DESTROYED)
        return Done("Started.")

    instead(monkeypatch, "boot", destroy)
    run(deployment)
    assert (deployment.status, deployment.current_step) == (Deployment.Status.DESTROYED, "boot")


# --- failing ----------------------------------------------------------------------------------------------------------


def test_a_failed_step_says_what_happened_and_what_to_do(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(job: Job) -> Done:
        raise StepFailed("It broke.", "Mend it.", slug="notion", output="\x1b[31mline\x1b[0m\x00")

    instead(monkeypatch, "provision_compute", fail)
    run(deployment)
    assert (deployment.status, deployment.current_step) == (Deployment.Status.FAILED, "provision_compute")
    assert deployment.failure == {
        "step": "provision_compute",
        "message": "It broke.",
        "remedy": "Mend it.",
        "slug": "notion",
    }
    line = last_line(deployment)
    assert (line.outcome, line.level, line.message, line.metadata) == (
        "failed",
        "error",
        "It broke.",
        {"output": "line"},
    )


def test_retry_keeps_key_and_secrets(deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.refusal = RuntimeFailed("The disk is full.", "Make room, then retry.")
    run(deployment)
    assert deployment.failure["message"] == "The disk is full."
    before = environment.values(deployment)
    runtime.refusal = None
    retry(deployment)
    assert run(deployment).status == Deployment.Status.RUNNING
    assert deployment.failure == {}
    assert environment.values(deployment) == before
    assert outcomes(deployment).count(("provision_compute", "done")) == 1
    assert outcomes(deployment).count(("collect_secrets", "done")) == 1


def test_an_unexpected_error_tells_a_reference_and_nothing_else(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(job: Job) -> Done:
        raise KeyError("vendo_sk_very_secret")

    instead(monkeypatch, "boot", stumble)
    with caplog.at_level(logging.DEBUG):
        run(deployment)
    assert deployment.failure["message"].startswith("Something went wrong on our side. Reference: ")
    assert "KeyError at " in caplog.text
    assert "test_pipeline.py" in caplog.text
    assert deployment.failure["message"].split()[-1].rstrip(".") in caplog.text
    assert "very_secret" not in caplog.text + everything_told(deployment)


def test_secrets_in_a_tools_output_are_hidden(deployment: Deployment, runtime: FakeRuntime, monkeypatch: Any) -> None:
    def leak(job: Job) -> Done:
        raise StepFailed("It broke.", "Mend it.", output="token=secret-notion-token key=" + key)

    run_until(monkeypatch, deployment, "boot")
    key = environment.values(deployment)["VENDO_API_KEY"]
    instead(monkeypatch, "boot", leak)
    run(deployment)
    assert last_line(deployment).metadata == {"output": "token=•••••• key=••••••"}


def test_a_health_check_that_never_passes_shows_what_was_asked_and_the_last_lines(
    tmp_path: Path, tenant: Tenant, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.setattr(health, "ask", lambda port, path: (False, "status 503"))
    runtime.written = "warming up"
    ready = {"healthPath": "/up", "maxRetries": 3, "retryIntervalSec": 0.1}
    deployment = run(deployed(tenant, release_of(tmp_path / "slow", readiness=ready)))
    assert deployment.failure["step"] == "health_check"
    assert "http://127.0.0.1:8790/up 3 times" in deployment.failure["message"]
    assert "the last answer was status 503" in deployment.failure["message"]
    assert last_line(deployment).metadata == {"output": "warming up"}


def test_retrying_the_health_check_starts_the_tool_anew_with_todays_settings(
    deployment: Deployment, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch, notes: Connection
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(health, "wait", unwell)
        run(deployment)
    assert deployment.status == Deployment.Status.FAILED
    vault.seal(notes, "credential", "a-better-token")
    notes.save()
    retry(deployment)
    assert run(deployment).status == Deployment.Status.RUNNING
    assert runtime.calls == ["prepare", "start", "restart"]
    assert environment.values(deployment)["NOTION_TOKEN"] == "a-better-token"
    assert deployment.env_applied == deployment.env_wanted


def unwell(*arguments: object) -> float:
    raise health.Unwell("Not well.", "Mend it.")


def test_a_withdrawn_release_is_not_deployed(deployment: Deployment, release: Release) -> None:
    Release.objects.filter(pk=release.pk).update(status=Release.Status.WITHDRAWN)
    run(deployment)
    assert deployment.failure == {
        "step": "validate_template",
        "message": "Clock 1.0.0 was withdrawn.",
        "remedy": "Deploy the tool's present version instead.",
    }


def test_a_required_integration_must_be_enabled(deployment: Deployment) -> None:
    Integration.objects.filter(pk="notion").update(enabled=False)
    assert run(deployment).failure["message"] == "Notion is switched off on this installation."


def test_a_connection_that_is_gone_is_replaced_by_a_new_one(
    deployment: Deployment, tenant: Tenant, notes: Connection, make_connection: Make
) -> None:
    Connection.everyone.filter(pk=notes.pk).update(status=Connection.Status.REVOKED)
    run(deployment)
    assert deployment.failure["message"] == "The Notion connection that was chosen is gone."
    assert deployment.failure["slug"] == "notion"
    better = make_connection(tenant, "notion")
    bindings.bind(deployment.app, better)  # what connecting on behalf of the app does
    retry(deployment)
    assert run(deployment).status == Deployment.Status.RUNNING
    assert Binding.everyone.get(app=deployment.app).connection == better


def test_an_optional_connection_that_is_gone_stops_nothing(
    tenant: Tenant, release: Release, notes: Connection, make_connection: Make
) -> None:
    drive = make_connection(tenant, "googledrive")
    deployment = deployed(tenant, release, chosen={"notion": notes, "googledrive": drive})
    Connection.everyone.filter(pk=drive.pk).update(status=Connection.Status.REVOKED)
    assert run(deployment).status == Deployment.Status.RUNNING
    assert Binding.everyone.get(app=deployment.app).connection == notes


def test_a_binding_that_cannot_be_written_is_told_on_the_page_and_retry_goes_on_once_it_can(
    tenant: Tenant, owner: User, tmp_path: Path, make_connection: Make, client_for: Callable[[User], Client]
) -> None:
    bot = make_connection(tenant, "telegram", account_id="7")
    release = release_of(tmp_path / "chat", integrations=["telegram"])
    deployment, other = (deployed(tenant, release, slug=slug, chosen={"telegram": bot}) for slug in ("mine", "theirs"))
    taken = bindings.bind(other.app, bot)
    run(deployment)
    page = client_for(owner).get(f"/deployments/{deployment.pk}").text
    assert "The Telegram connection exists but its binding could not be written: " in page
    assert "Connect Telegram for this deployment, then retry." in page
    bindings.unbind(other.app, taken.integration_id)
    retry(deployment)
    assert run(deployment).status == Deployment.Status.RUNNING


def test_files_that_are_missing_are_told(deployment: Deployment, release: Release, tmp_path: Path) -> None:
    Release.objects.filter(pk=release.pk).update(source_dir=str(tmp_path / "nowhere"))
    assert "are missing" in run(deployment).failure["message"]


# --- ports ------------------------------------------------------------------------------------------------------------


def test_a_port_is_nobody_elses(
    tenant: Tenant, release: Release, notes: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "busy", lambda port: port == 8791)
    first = run(deployed(tenant, release, slug="one", chosen={"notion": notes}))
    second = run(deployed(tenant, release, slug="two", chosen={"notion": notes}))
    assert (first.port, second.port) == (8790, 8792)


def test_a_port_taken_before_the_start_is_changed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    run_until(monkeypatch, deployment, "boot")
    assert deployment.port == 8790
    monkeypatch.setattr(ports, "busy", lambda port: port == 8790)
    run(deployment)
    assert (deployment.port, deployment.url) == (8791, "http://127.0.0.1:8791")
    assert environment.values(deployment)["PORT"] == "8791"


def test_no_free_port_is_told(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "busy", lambda port: True)
    assert run(deployment).failure["message"] == "All ports for tools are taken (8790-8793)."


# --- the page's view of it --------------------------------------------------------------------------------------------


def states(deployment: Deployment) -> list[str]:
    return [view.state for view in pipeline.timeline(deployment)]


def test_the_timeline_before_during_and_after(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(deployment) == ["pending"] * 10

    def look(job: Job) -> Done:
        assert states(job.deployment) == ["done"] * 6 + ["running"] + ["pending"] * 3
        return Done("Looked.")

    with monkeypatch.context() as patch:
        instead(patch, "boot", look)
        run(deployment)
    assert states(deployment) == ["done"] * 10
    view = pipeline.timeline(deployment)[6]
    assert (view.title, view.message, len(view.log)) == ("Starting the tool", "Looked.", 1)
    assert view.seconds is not None


def test_the_timeline_of_a_failure_and_its_retry(deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.refusal = RuntimeFailed("No room.", "Make room.")
    run(deployment)
    assert states(deployment) == ["done"] * 5 + ["failed"] + ["pending"] * 4
    assert pipeline.timeline(deployment)[5].message == "No room."
    retry(deployment)
    assert states(deployment) == ["done"] * 5 + ["pending"] * 5


def test_the_timeline_of_an_interrupted_step(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    die_in(monkeypatch, deployment, "boot")
    assert states(deployment)[6] == "running"
    let_the_lease_run_out(deployment)
    run(deployment)
    assert [line.outcome for line in pipeline.timeline(deployment)[6].log] == ["interrupted", "done"]
