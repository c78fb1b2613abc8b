"""What a change of account means to the tool that uses it (design section 4, "Rebind").

Whoever binds, unbinds, renews or disconnects calls `account_changed` inside that transaction, the tenant's turn taken
(`events.take_turn`); the deployment's row is locked after that, as everywhere. A project has nothing that runs.
"""

import logging
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from connections.models import Connection
from connections.vault import VaultError
from deployments import changes, environment, events
from deployments.activity import note
from deployments.manifest import published
from deployments.models import App, Deployment
from tenants.models import User

logger = logging.getLogger(__name__)


def account_changed(app: App, connection: Connection, action: str, *, by: User | None, was: str = "") -> None:
    """Bring the tool's environment in step, tell its pages, and write down who did it.

    Where the release says so (`restart_on`), the tool restarts once the transaction commits.
    """
    deployment = _locked(app)
    if deployment is None:
        return
    slug = connection.integration_id
    _remember(deployment, connection, bound=app.bindings.filter(connection=connection).exists())
    _renew(deployment)
    name = connection.integration.provider.name
    note(deployment, action, by=by, detail=f"{name}: {connection.display_name}" + (f" (was {was})" if was else ""))
    if restarts_by_itself(deployment, slug):
        transaction.on_commit(partial(restart, deployment.pk), robust=True)


def restarts_by_itself(deployment: Deployment, slug: str) -> bool:
    """Whether a change of this integration's account restarts the tool without anybody asking for it."""
    return deployment.status in changes.RUNS and slug in published(deployment.release).restart_on


def restart(deployment_id: UUID) -> None:
    """Restart what wants it. While something else is under way, `restart_overdue` comes back to it."""
    # Operations run steps, and steps bind connections: this is the one arrow that points back.
    from deployments import operations  # noqa: PLC0415

    deployment = _rows().filter(pk=deployment_id).first()
    if deployment is None:
        return
    try:
        operations.restart(deployment, None)
    except operations.OperationRefused as refusal:
        logger.info("Deployment %s does not restart by itself now: %s", deployment_id, refusal.code)


def restart_overdue() -> list[UUID]:
    """Restart tools that should have done so by themselves: something was under way, or our process ended.

    Called by the workers' sweep; returns their ids.
    """
    stale = _rows().filter(status__in=changes.RUNS, operation="").exclude(env_wanted=F("env_applied"))
    due = [row.pk for row in stale if published(row.release).restart_on & changes.changed_integrations(row)]
    for pk in due:
        restart(pk)
    return due


def _rows() -> QuerySet[Deployment]:
    rows: QuerySet[Deployment] = Deployment.everyone.select_related("tenant", "app", "release__tool")
    return rows


def _locked(app: App) -> Deployment | None:
    """The app's deployment, unless there is none or it is gone."""
    rows = _rows().select_for_update(no_key=True, of=("self",)).exclude(status=Deployment.Status.DESTROYED)
    return rows.filter(app=app).first()


def _remember(deployment: Deployment, connection: Connection, *, bound: bool) -> None:
    """A deploy that has not bound its accounts yet, or will on Retry, must not bring back what was changed since."""
    slug = connection.integration_id
    chosen = {key: value for key, value in deployment.chosen.items() if key != slug or bound}
    if bound:
        chosen[slug] = str(connection.pk)
    if chosen != deployment.chosen:
        deployment.chosen = chosen
        deployment.save(update_fields=["chosen"])


def _renew(deployment: Deployment) -> None:
    try:
        changed = environment.renew_integrations(deployment)
    except VaultError:
        # A secret that does not open must not keep anybody from disconnecting. The next start will say so.
        logger.exception("The environment of deployment %s could not be brought in step", deployment.pk)
        return
    if changed:
        events.deployment_changed(deployment)
