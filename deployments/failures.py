"""Why a deploy stopped, as its page shows it."""

from dataclasses import dataclass

from connections.catalog import Provider
from connections.models import Integration
from deployments.models import DeployLog, Deployment
from deployments.plans import PLANS


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened and what to do. `provider` is to be connected anew, where that is the remedy."""

    step: str
    message: str
    remedy: str
    output: str
    provider: Provider | None


def failure_of(deployment: Deployment) -> Failure | None:
    """The failure that a deployment stands at; None where nothing failed."""
    if deployment.status != Deployment.Status.FAILED:
        return None
    told, plan = deployment.failure, PLANS[deployment.operation or Deployment.Operation.DEPLOY]
    line = deployment.logs.filter(outcome=DeployLog.Outcome.FAILED).last()
    integration = Integration.objects.filter(pk=told.get("slug", "")).first()
    return Failure(
        step=next((step.title for step in plan if step.name == told.get("step")), ""),
        message=told.get("message", ""),
        remedy=told.get("remedy", ""),
        output=line.metadata.get("output", "") if line else "",
        provider=integration.provider if integration else None,
    )
