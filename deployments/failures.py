"""Why a deploy stopped, as its page shows it."""

from dataclasses import dataclass

from connections.catalog import Provider
from connections.models import Integration
from deployments.models import DeployLog, Deployment, Release
from deployments.objections import possible
from deployments.plans import PLANS

Operation = Deployment.Operation
# How a sentence calls what stopped.
NAMES = {
    Operation.DEPLOY: "The deploy",
    Operation.RESTART: "The restart",
    Operation.SUSPEND: "Suspending it",
    Operation.RESUME: "Resuming it",
    Operation.DESTROY: "Destroying it",
    Operation.UPGRADE: "The upgrade",
    Operation.ROLLBACK: "The rollback",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What stopped and where, what happened and what to do.

    `provider` is to be connected anew, where that is the remedy; `way_back` can be rolled back to.
    """

    what: str
    step: str
    message: str
    remedy: str
    output: str
    provider: Provider | None
    way_back: Release | None


def failure_of(deployment: Deployment) -> Failure | None:
    """The failure that a deployment stands at; None where nothing failed."""
    if deployment.status != Deployment.Status.FAILED:
        return None
    operation = Operation(deployment.operation or Operation.DEPLOY)
    told = deployment.failure
    line = deployment.logs.filter(outcome=DeployLog.Outcome.FAILED).last()
    integration = Integration.objects.filter(pk=told.get("slug", "")).first()
    return Failure(
        what=NAMES[operation],
        step=next((step.title for step in PLANS[operation] if step.name == told.get("step")), ""),
        message=told.get("message", ""),
        remedy=told.get("remedy", ""),
        output=line.metadata.get("output", "") if line else "",
        provider=integration.provider if integration else None,
        way_back=deployment.previous_release if "rollback" in possible(deployment) else None,
    )
