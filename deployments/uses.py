"""Which integrations an app may use, and what it has for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from connections.models import Connection, Integration
from deployments.manifest import published
from deployments.models import App, Binding


@dataclass(frozen=True, slots=True)
class AppUse:
    """An integration beside the app's binding for it, if there is one."""

    integration: Integration
    binding: Binding | None
    declared: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """An account that the app could use instead. `taken_by` has it already, where it serves one app at a time."""

    connection: Connection
    taken_by: App | None


@dataclass(frozen=True, slots=True)
class Choosable:
    """What an app has for an integration, and what it could have."""

    use: AppUse
    choices: tuple[Choice, ...]


def choosable(app: App, uses: Iterable[AppUse]) -> list[Choosable]:
    """Each use with the workspace's other live accounts for it, the newest first. Two or three queries in all."""
    uses = list(uses)
    slugs = [use.integration.slug for use in uses]
    live = Connection.everyone.filter(tenant=app.tenant_id, integration__in=slugs, status__in=Connection.LIVE)
    rows = list(live.select_related("integration").prefetch_related("bindings__app__deployment"))
    return [Choosable(use, tuple(_choice(app, row) for row in rows if _other(use, row))) for use in uses]


def _other(use: AppUse, row: Connection) -> bool:
    """Of the same integration, and not the one that the app has."""
    present = use.binding.connection_id if use.binding else None
    return row.integration_id == use.integration.slug and row.pk != present


def _choice(app: App, row: Connection) -> Choice:
    exclusive = row.integration.provider.exclusive
    others = [binding.app for binding in row.bindings.all() if exclusive and binding.app_id != app.pk]
    return Choice(row, others[0] if others else None)


def uses_of(app: App) -> list[AppUse]:
    """A deployment: what its release declares, then whatever else is bound. A project: everything, bound ones first."""
    bound: dict[str, Binding] = {
        row.integration_id: row for row in app.bindings.select_related("connection__integration", "integration")
    }
    if app.kind == App.Kind.PROJECT:
        enabled = Integration.objects.filter(enabled=True)
        found = [AppUse(row, bound.get(row.slug), declared=False, optional=True) for row in enabled]
        return sorted(found, key=lambda use: (use.binding is None, use.integration.provider.name))
    declared = {use.slug: use for use in published(app.deployment.release).integrations}
    rows = Integration.objects.in_bulk([*declared, *bound])
    named = [
        AppUse(rows[slug], bound.get(slug), declared=True, optional=use.optional)
        for slug, use in declared.items()
        if slug in rows
    ]
    others = [slug for slug in bound if slug not in declared]
    return named + [AppUse(rows[slug], bound[slug], declared=False, optional=True) for slug in others]
