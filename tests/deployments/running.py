"""Deployments as the pipeline leaves them, without a process."""

from connections.models import Connection
from deployments import bindings, changes, environment
from deployments.models import Deployment


def applied(deployment: Deployment) -> Deployment:
    """As after a start: the environment in step, and what the process got written down."""
    deployment.port = deployment.port or 8100 + Deployment.everyone.count()
    deployment.save()
    environment.make_secrets(deployment)
    deployment.env_applied = environment.resolve(deployment)
    deployment.applied = changes.snapshot(deployment)
    deployment.save()
    return deployment


def bound(deployment: Deployment, *connections: Connection) -> Deployment:
    """As after a deploy with these accounts."""
    for connection in connections:
        bindings.bind(deployment.app, connection)
    deployment.refresh_from_db()
    return applied(deployment)


def now(deployment: Deployment) -> Deployment:
    """The row as it is now, and the app with it."""
    found: Deployment = Deployment.everyone.select_related("app", "tenant", "release__tool").get(pk=deployment.pk)
    return found
