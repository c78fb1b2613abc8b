"""The steps that stop a tool, for a while or for good. As those of a deploy (steps.py), each may be run again."""

from typing import Any

from deployments import bindings, keys
from deployments.models import ApiKey, Binding, Deployment, EnvironmentVariable
from deployments.runtimes import RuntimeFailed
from deployments.steps import Done, Job, StepFailed


def stop(job: Job) -> Done:
    """End the process and keep all else, so that the deployment can be resumed."""
    try:
        job.runtime.stop(job.deployment)
    except RuntimeFailed as failure:
        raise StepFailed.of(failure) from None
    changes = {"status": Deployment.Status.SUSPENDED, "operation": "", "failure": {}, "health_failures": 0}
    return Done("Stopped. Files, settings and connections are kept.", changes=changes)


def revoke_access(job: Job) -> Done:
    """End its keys and bindings first: from here on the tool can't get a token, whatever becomes of its process."""
    app = job.deployment.app
    # Locks in the order of `bindings`: the turn, and the deployment last.
    with job.lease.transaction():
        bound = Binding.everyone.filter(app=app).order_by("pk").values_list("integration_id", flat=True)
        dropped = [slug for slug in bound if bindings.unbind(app, slug)]
        ended = _end_keys(job.deployment)
    return Done(f"Keys ended: {ended}. Connections released: {len(dropped)}.")


def remove_compute(job: Job) -> Done:
    """No process, and no files."""
    try:
        job.runtime.remove(job.deployment)
    except RuntimeFailed as failure:
        raise StepFailed.of(failure) from None
    return Done("Removed process, files and packages.")


def forget(job: Job) -> Done:
    """Delete its variables; the row stays for the record, and gives address and port back."""
    with job.lease.writing() as deployment:
        _end_keys(deployment)  # one may have been minted while the others were ended
        count, _ = EnvironmentVariable.everyone.filter(deployment=deployment).delete()
    changes: dict[str, Any] = {
        "status": Deployment.Status.DESTROYED,
        "operation": "",
        "failure": {},
        "port": None,
        "url": "",
        "chosen": {},
        "env_wanted": "",
        "env_applied": "",
        "applied": {},
        "health_failures": 0,
        "previous_release": None,
    }
    return Done(f"Deleted {count} variables.", changes=changes)


def _end_keys(deployment: Deployment) -> int:
    """Revoke those that still work; returns how many they were."""
    return len([keys.revoke(key) for key in ApiKey.everyone.filter(app=deployment.app_id, revoked_at=None)])
