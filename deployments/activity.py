"""The record of who did what to a deployment."""

from django.db.models import QuerySet

from deployments.models import Activity, Deployment
from tenants.models import User

LONGEST = 200  # characters of a detail


def note(deployment: Deployment, action: str, *, by: User | None = None, detail: str = "") -> Activity:
    """Write it down, in the transaction of what was done. `by` is None for what Vendo does by itself.

    `action` is a past participle or two ("restarted", "bound a connection"); `detail` is shown as it is and must hold
    no secret.
    """
    row: Activity = Activity.everyone.create(
        tenant_id=deployment.tenant_id,
        deployment=deployment,
        actor=by,
        actor_name=by.email if by else "",
        action=action,
        detail=detail[:LONGEST],
    )
    return row


def history(deployment: Deployment) -> QuerySet[Activity]:
    """What was done to it, newest first."""
    rows: QuerySet[Activity] = Activity.everyone.filter(deployment=deployment)
    return rows
