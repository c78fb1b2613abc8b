"""Which integrations an app may use, and what it has for each."""

from dataclasses import dataclass

from connections.models import Integration
from deployments.manifest import published
from deployments.models import App, Binding


@dataclass(frozen=True, slots=True)
class AppUse:
    """An integration beside the app's binding for it, if there is one."""

    integration: Integration
    binding: Binding | None
    declared: bool
    optional: bool


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
