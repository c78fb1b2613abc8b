"""What has changed since a tool was started: why a restart is offered, in sentences that hold no values.

`Deployment.applied` is the snapshot of the environment that the process was started with. A variable is in it as a mark
that tells two values apart and tells nothing about either.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from connections import catalog, vault
from deployments import environment, events
from deployments.environment import WEBHOOK_SECRET
from deployments.models import Binding, Deployment, EnvironmentVariable

RUNS = frozenset({Deployment.Status.RUNNING, Deployment.Status.DEGRADED})
ENDS = frozenset({Deployment.Operation.SUSPEND, Deployment.Operation.DESTROY})
# For a process that was started before snapshots were kept.
SOMETHING = "Its environment changed"

type Snapshot = Mapping[str, Any]


def snapshot(deployment: Deployment) -> dict[str, Any]:
    """The environment as it is now: each variable's mark and integration, each integration's connection by id and name.

    Empty before the deployment has its secrets: one of them is the key of the marks.
    """
    rows = list(EnvironmentVariable.everyone.filter(deployment=deployment))
    values = {row.name: vault.reveal(row, "value") or "" for row in rows}
    if not (key := values.get(WEBHOOK_SECRET)):
        return {}
    bound = Binding.everyone.filter(app=deployment.app_id).select_related("connection")
    return {
        "variables": {
            row.name: {"mark": _mark(key, row.name, values[row.name]), "of": row.integration_id or ""} for row in rows
        },
        "integrations": {
            row.integration_id: {"id": str(row.connection_id), "name": row.connection.display_name} for row in bound
        },
    }


def hand_over(deployment: Deployment) -> dict[str, str]:
    """The environment for a process that starts at this moment, written down as the one that it was started with.

    A supervisor may start a tool that ended by itself, long after the deploy; and between the pipeline's look and the
    process's own an account may change. So whoever passes the values on says which they are.
    """
    with transaction.atomic():
        rows = Deployment.everyone.select_for_update(no_key=True, of=("self",)).select_related("tenant")
        row: Deployment = rows.get(pk=deployment.pk)
        values = environment.values(row)
        revision = environment.revision(values)
        if revision != row.env_applied:
            row.env_applied, row.applied = revision, snapshot(row)
            row.save(update_fields=["env_applied", "applied", "updated_at"])
            events.deployment_changed(row)
    return values


def differences(deployment: Deployment) -> list[str]:
    """What a restart would apply, as sentences without full stop: accounts first, then variables, each by name."""
    then, now = _pair(deployment)
    accounts = [_account(slug, then, now) for slug in sorted(_of_integrations(then, now))]
    return accounts + [_variable(name, then, now) for name in sorted(_changed(then, now)) if not _of(name, then, now)]


def changed_integrations(deployment: Deployment) -> set[str]:
    """Slugs whose variables are no longer those that the process was started with."""
    return _of_integrations(*_pair(deployment))


def restart_needed(deployment: Deployment) -> bool:
    """Whether the tool runs with an environment that is no longer the wanted one."""
    return deployment.status in RUNS and deployment.env_wanted != deployment.env_applied


def restart_changes(deployment: Deployment) -> list[str]:
    """What the "Restart to apply" banner says; empty where there is to be none, since the tool is about to end too."""
    if deployment.operation in ENDS or not restart_needed(deployment):
        return []
    return differences(deployment) or [SOMETHING]


def _pair(deployment: Deployment) -> tuple[Snapshot, Snapshot]:
    """Then and now; both empty where it is not known what the process was started with."""
    then = deployment.applied
    return (then, snapshot(deployment)) if then else ({}, {})


def _mark(key: str, name: str, value: str) -> str:
    """The name is in it, so that two variables of one value do not show that they are the same."""
    return hmac.new(key.encode(), f"{name}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]


def _changed(then: Snapshot, now: Snapshot) -> set[str]:
    before, after = then.get("variables", {}), now.get("variables", {})
    return {name for name in before.keys() | after.keys() if _mark_in(before, name) != _mark_in(after, name)}


def _mark_in(variables: Mapping[str, Any], name: str) -> str | None:
    return variables[name]["mark"] if name in variables else None


def _of_integrations(then: Snapshot, now: Snapshot) -> set[str]:
    return {slug for name in _changed(then, now) if (slug := _of(name, then, now))}


def _of(name: str, then: Snapshot, now: Snapshot) -> str:
    """The integration that a variable belongs to, or did; "" for those of people and of Vendo."""
    found = now["variables"].get(name) or then["variables"][name]
    return str(found["of"])


def _account(slug: str, then: Snapshot, now: Snapshot) -> str:
    provider = catalog.all_providers().get(slug)
    what = provider.name if provider else slug
    old, new = then["integrations"].get(slug), now["integrations"].get(slug)
    if new is None:
        return f"{what} is no longer connected (was {old['name']})" if old else f"{what} is no longer connected"
    if old is None:
        return f"{what} is now connected: {new['name']}"
    if old["id"] == new["id"]:
        return f"{what} has a new credential for {new['name']}"
    if old["name"] == new["name"]:
        return f"{what} is now another account named {new['name']}"
    return f"{what} is now {new['name']} (was {old['name']})"


def _variable(name: str, then: Snapshot, now: Snapshot) -> str:
    if name not in then["variables"]:
        return f"{name} was added"
    return f"{name} changed" if name in now["variables"] else f"{name} was removed"
