"""The steps of a deploy (design section 4). Each may be run again, done or half done, and ends the same.

A step gets a `Job` and returns `Done`. It writes to the database only inside `job.lease.writing()`, and what it wants
changed on the deployment itself it puts into `Done.changes`, which is saved together with the step's outcome.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import IntegrityError

from connections import catalog
from connections.models import Connection, Integration
from deployments import bindings, changes, deploy_hooks, environment, health, ports, runtimes
from deployments.bindings import BindingRefused
from deployments.deploy_hooks import HookFailed
from deployments.lease import Lease
from deployments.manifest import IntegrationUse, Published, published
from deployments.models import DeployLog, Deployment, Release
from deployments.runtimes import Runtime, RuntimeFailed, Status

# These start the tool anew: what runs until then has the settings, or the release, of before.
ANEW = frozenset({Deployment.Operation.RESTART, Deployment.Operation.UPGRADE, Deployment.Operation.ROLLBACK})


class StepFailed(Exception):
    """A step can't be done. `message` says what happened and `remedy` what to do, both to the person who deploys.

    `slug` names the integration to connect anew, where that is the remedy; `output` is what a program said.
    """

    def __init__(self, message: str, remedy: str, *, slug: str = "", output: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.slug, self.output = message, remedy, slug, output

    @classmethod
    def of(cls, failure: RuntimeFailed) -> Self:
        """What the runtime could not do."""
        return cls(failure.message, failure.remedy, output=failure.output)


@dataclass(frozen=True, slots=True)
class Done:
    """A step's outcome: a sentence for the log, facts beside it, and fields of the deployment to save with it."""

    message: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Job:
    """One run of one step."""

    deployment: Deployment
    lease: Lease

    @cached_property
    def plan(self) -> Published:
        """What the release declares."""
        return published(self.deployment.release)

    @cached_property
    def runtime(self) -> Runtime:
        """What runs the tool."""
        return runtimes.current()


@dataclass(frozen=True, slots=True)
class Step:
    """A step's name on the wire, its name for people, and what it does."""

    name: str
    title: str
    run: Callable[[Job], Done]


def validate_template(job: Job) -> Done:
    """The release may still be deployed, and what was chosen in the wizard is still there."""
    release = job.deployment.release
    if release.status == Release.Status.WITHDRAWN:
        raise StepFailed(
            f"{job.plan.name} {release.version} was withdrawn.", "Deploy the tool's present version instead."
        )
    if not Path(release.source_dir).is_dir():
        raise StepFailed(
            f"The files of {job.plan.name} {release.version} are missing.", "Ask an operator to publish it again."
        )
    for use in job.plan.integrations:
        _validate_use(job, use)
    with _hooks_may_fail():
        for name in job.plan.hooks:
            deploy_hooks.check(name, _chosen(job))
    return Done(f"{job.plan.name} {release.version} can be deployed.")


def collect_secrets(job: Job) -> Done:
    """The API key, the webhook secret and the template's own, made once."""
    with job.lease.writing() as deployment:
        made = environment.make_secrets(deployment)
    return Done("Made " + ", ".join(made) + "." if made else "All secrets were there already.")


def resolve_env(job: Job) -> Done:
    """Vendo's own variables and the template's. The port is one of them, so it is allotted here."""
    with job.lease.writing() as deployment:
        if deployment.port is None:
            _allot_port(deployment)
        count = environment.resolve_system(deployment)
        environment.want(deployment)
    return Done(f"Set {count} variables.")


def write_bindings(job: Job) -> Done:
    """The connections chosen in the wizard become the app's. One bound since then, by a reconnect, stays."""
    done = []
    for slug, connection in _chosen(job).items():
        # Locks in the order of `bindings`: connection, the turn, and the deployment last.
        with job.lease.transaction():
            try:
                row = bindings.bind(job.deployment.app, connection)
            except BindingRefused as refusal:
                raise _unbound(slug, refusal.message) from None
            except IntegrityError:
                raise _unbound(slug, "another app was given it in the same moment.") from None
        done.append(f"{_name(slug)} ({row.connection.display_name})")
    return Done(f"Uses {', '.join(done)}." if done else "No connections were chosen.")


def persist_connection_env_vars(job: Job) -> Done:
    """Variables of connections whose credential does not expire."""
    with job.lease.writing() as deployment:
        names = environment.resolve_integrations(deployment)
        environment.want(deployment)
    return Done(
        f"Set {', '.join(names)}." if names else "Nothing to set: the tool asks for its tokens when it needs them."
    )


def provision_compute(job: Job) -> Done:
    """The tool's files and packages on this machine."""
    try:
        return Done(job.runtime.prepare(job.deployment, job.lease.check))
    except RuntimeFailed as failure:
        raise StepFailed.of(failure) from None


def boot(job: Job) -> Done:
    """Start the tool's process; anew where that is the point of the operation."""
    restart = job.deployment.operation in ANEW
    _start(job, restart=restart)
    return Done("Started anew." if restart else "Started.", {"port": job.deployment.port})


def health_check(job: Job) -> Done:
    """Wait until the tool says that it is well. After a failure it is started anew, with what has changed since."""
    if _was_unwell(job) or job.runtime.state(job.deployment).status in {Status.ENDED, Status.STOPPED}:
        _start(job, restart=True)
    try:
        took = health.wait(job.runtime, job.deployment, job.plan.readiness, job.lease.check)
    except health.Unwell as finding:
        raise StepFailed(finding.message, finding.remedy, output=job.runtime.logs(job.deployment, 40)) from None
    return Done(f"Answered after {took:.1f} s.")


def run_deploy_hooks(job: Job) -> Done:
    """What the template wants done once the tool runs. Each may be done again."""
    with _hooks_may_fail():
        done = [deploy_hooks.run(job.deployment.app, name) for name in job.plan.hooks]
    for name in _hooks_before(job) - {*job.plan.hooks}:
        deploy_hooks.end(job.deployment, name)
    return Done(" ".join(done) or "No hooks to run.", {"hooks": [*job.plan.hooks]})


def finalize(job: Job) -> Done:
    """From here on the tool counts as running."""
    url = f"http://{settings.TOOL_HOST}:{job.deployment.port}"
    changes = {"url": url, "status": Deployment.Status.RUNNING, "operation": "", "failure": {}, "health_failures": 0}
    return Done(f"Running at {url}.", changes=changes)


def _validate_use(job: Job, use: IntegrationUse) -> None:
    """A required integration must be usable. An optional one never stands in the way."""
    if use.optional:
        return
    name = _name(use.slug)
    if not Integration.objects.filter(pk=use.slug, enabled=True).exists():
        raise StepFailed(f"{name} is switched off on this installation.", "Ask an operator to enable it, then retry.")
    if use.slug not in _chosen(job):
        remedy = f"Connect {name} for this deployment, then retry."
        raise StepFailed(f"The {name} connection that was chosen is gone.", remedy, slug=use.slug)


@contextmanager
def _hooks_may_fail() -> Iterator[None]:
    try:
        yield
    except HookFailed as failure:
        raise StepFailed(failure.message, failure.remedy, slug=failure.slug) from None


def _hooks_before(job: Job) -> set[str]:
    """Those of the release that the deployment had when it was last brought this far."""
    lines = DeployLog.everyone.filter(deployment=job.deployment, step="run_deploy_hooks")
    metadata = lines.filter(outcome=DeployLog.Outcome.DONE).order_by("-id").values_list("metadata", flat=True).first()
    return {*(metadata or {}).get("hooks", [])}


def _unbound(slug: str, why: str) -> StepFailed:
    name = _name(slug)
    message = f"The {name} connection exists but its binding could not be written: {why}"
    return StepFailed(message, f"Connect {name} for this deployment, then retry.", slug=slug)


def _chosen(job: Job) -> dict[str, Connection]:
    """slug → the live connection that the deployment gets: what is bound by now, else what was chosen at launch."""
    deployment = job.deployment
    live = Connection.everyone.filter(tenant=deployment.tenant_id, status__in=Connection.LIVE)
    chosen = {row.integration_id: row for row in live.filter(pk__in=deployment.chosen.values())}
    bound = {row.integration_id: row for row in live.filter(bindings__app=deployment.app_id)}
    return chosen | bound


def _was_unwell(job: Job) -> bool:
    """Whether this step has failed since the tool was last started."""
    lines = DeployLog.everyone.filter(deployment=job.deployment).order_by("-id")
    failed = lines.filter(step="health_check", outcome=DeployLog.Outcome.FAILED).values_list("pk", flat=True).first()
    started = lines.filter(step="boot", outcome=DeployLog.Outcome.DONE).values_list("pk", flat=True).first()
    return failed is not None and (started is None or failed > started)


def _start(job: Job, *, restart: bool) -> None:
    """Start the process with an environment that is in step."""
    running = job.runtime.state(job.deployment).alive
    with job.lease.writing() as deployment:
        # Somebody else may have taken the port while the tool did not run; their answers must not pass for the tool's.
        if not running and (deployment.port is None or ports.busy(deployment.port)):
            _allot_port(deployment)
        revision = environment.resolve(deployment)
        # One that runs already, since a worker died here, has what it was started with.
        if restart or not running or not deployment.env_applied:
            # Before the start: whoever passes the values on knows better, and is not to be overruled later.
            deployment.env_applied, deployment.applied = revision, changes.snapshot(deployment)
            deployment.save(update_fields=["env_applied", "applied", "updated_at"])
    job.deployment = deployment
    try:
        job.runtime.start(deployment, restart=restart)
    except RuntimeFailed as failure:
        raise StepFailed.of(failure) from None


def _allot_port(deployment: Deployment) -> None:
    try:
        ports.allot(deployment)
    except ports.NoFreePort:
        raise StepFailed(
            f"All ports for tools are taken ({settings.TOOL_PORTS}).",
            "Remove a deployment that is no longer needed, or ask an operator to widen VENDO_TOOL_PORTS.",
        ) from None


def _name(slug: str) -> str:
    provider = catalog.all_providers().get(slug)
    return provider.name if provider else slug
