"""What workers do. Arguments are ids and nothing else: a task's arguments are stored readably."""

import asyncio
from uuid import UUID

from django.tasks import task

from deployments import deploy_hooks, forwarding, pipeline

AFTERWARDS = -10  # priority of what waits for others than us: no deploy waits behind it


@task
def deploy(deployment_id: str) -> None:
    """Run a deployment's pipeline from its next step on."""
    pipeline.run(UUID(deployment_id))


@task(priority=AFTERWARDS)
def settle_hooks(connection_id: str) -> None:
    """Point a provider at us, or away, after a change of accounts."""
    deploy_hooks.settle(UUID(connection_id))


@task(priority=AFTERWARDS)
def redeliver(delivery_id: str) -> None:
    """Forward a webhook once more (`deliveries.redeliver`)."""
    asyncio.run(forwarding.forward_again(UUID(delivery_id)))


def enqueue_deploy(deployment_id: UUID) -> None:
    """Put a deployment's pipeline into the queue. One time too many does no harm: a lease lets one run."""
    deploy.enqueue(str(deployment_id))
