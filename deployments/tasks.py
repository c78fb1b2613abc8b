"""What workers do. Arguments are ids and nothing else: a task's arguments are stored readably."""

from uuid import UUID

from django.tasks import task

from deployments import pipeline


@task
def deploy(deployment_id: str) -> None:
    """Run a deployment's pipeline from its next step on."""
    pipeline.run(UUID(deployment_id))


def enqueue_deploy(deployment_id: UUID) -> None:
    """Put a deployment's pipeline into the queue. One time too many does no harm: a lease lets one run."""
    deploy.enqueue(str(deployment_id))
