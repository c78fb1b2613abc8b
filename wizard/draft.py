"""What one does with a draft: begin it, fill it in bit by bit, launch it or throw it away.

Every write locks the row and touches only what it was given, so that two open tabs do not undo each other.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from connections import vault
from connections.models import Connection, Integration
from deployments import bindings
from deployments import launch as launching
from deployments.inputs import defaults
from deployments.manifest import published
from deployments.models import Deployment, Release
from tenants.models import Tenant, User
from wizard.models import Draft


@dataclass(frozen=True, slots=True)
class Need:
    """An integration that the tool declares, and what the tenant has to give for it."""

    integration: Integration
    optional: bool
    choices: tuple[Connection, ...]
    selected: Connection | None
    problem: str = ""

    @property
    def missing(self) -> bool:
        """The tool can't be launched like this."""
        return not self.optional and self.selected is None

    @property
    def loss(self) -> str:
        """What the tool can't do without it. A provider's summary says what one can do with it."""
        ability = self.integration.provider.summary.rstrip(".")
        return f"Without it the tool can’t {ability[:1].lower()}{ability[1:]}."


def start(tenant: Tenant, user: User, release: Release) -> Draft:
    """A new draft, with a name and a free address to begin with."""
    slug = launching.suggest_slug(tenant, release.tool)
    draft: Draft = Draft.everyone.create(tenant=tenant, user=user, release=release, name=release.tool.name, slug=slug)
    return draft


def unfinished(tenant: Tenant, user: User) -> QuerySet[Draft]:
    """The person's own drafts that are not launched, the latest first."""
    rows: QuerySet[Draft] = Draft.objects.of(tenant).filter(user=user, deployment=None)
    return rows.select_related("release__tool")


def needs(draft: Draft) -> list[Need]:
    """What the tool declares, in its order."""
    uses = published(draft.release).integrations
    rows = Integration.objects.in_bulk([use.slug for use in uses])
    return [_need(draft, rows[use.slug], optional=use.optional) for use in uses if use.slug in rows]


def need(draft: Draft, slug: str) -> Need | None:
    """One of them."""
    return next((found for found in needs(draft) if found.integration.slug == slug), None)


def chosen(draft: Draft) -> dict[str, Connection]:
    """slug → connection that the tool will get."""
    return {found.integration.slug: found.selected for found in needs(draft) if found.selected}


def missing(draft: Draft) -> list[Need]:
    """Required integrations without a connection."""
    return [found for found in needs(draft) if found.missing]


def answers(draft: Draft) -> dict[str, Any]:
    """Input key → what was filled in so far, or the input's default. Holds secrets: never hand it to a template."""
    plan = published(draft.release)
    known = {question.key for question in plan.inputs}
    # A newer release may have dropped a question that was answered for an older one.
    return defaults(plan) | {key: value for key, value in _stored(draft).items() if key in known}


def select(draft: Draft, choices: Mapping[str, Connection | None]) -> None:
    """Keep which connection each integration gets; None goes on without."""
    with _locked(draft) as row:
        row.selected |= {slug: str(connection.pk) if connection else None for slug, connection in choices.items()}
        row.save(update_fields=["selected", "updated_at"])
    draft.selected = row.selected


def fill_in(draft: Draft, *, name: str, slug: str, inputs: Mapping[str, Any]) -> None:
    """Keep what was typed, right or wrong: nothing is lost when the tab closes."""
    with _locked(draft) as row:
        # Cut to what the columns hold; the form still says that it is too long.
        row.name, row.slug = _clean(name)[:80], _clean(slug)[:64]
        vault.seal(row, "inputs", json.dumps(_stored(row) | dict(inputs)))
        row.save(update_fields=["name", "slug", "inputs", "updated_at"])
    draft.name, draft.slug, draft.inputs = row.name, row.slug, row.inputs


def launch(draft: Draft, user: User) -> Deployment:
    """The deployment that the draft describes. Launching twice gives the same one. Raises `LaunchRefused`."""
    with _locked(draft) as row:
        if row.deployment:
            return row.deployment
        deployment = launching.launch(
            tenant=row.tenant,
            user=user,
            release=row.release,
            name=row.name,
            slug=row.slug,
            inputs=answers(row),
            chosen=chosen(row),
        )
        # The deployment's own variables hold the inputs now; a second copy of the secrets serves nobody.
        row.deployment, row.inputs = deployment, None
        row.save(update_fields=["deployment", "inputs", "updated_at"])
    return deployment


def discard(draft: Draft) -> None:
    """Throw it away, with everything in it."""
    draft.delete()


def keep_current(draft: Draft) -> bool:
    """Move on to the release that replaced the draft's while it lay around; what was filled in stays, by key.

    False when the tool can't be deployed at all now.
    """
    if draft.release.status == Release.Status.ACTIVE:
        return True
    current = draft.release.tool.active_release
    if current is None:
        return False
    draft.release = current
    draft.save(update_fields=["release"])
    return True


def _need(draft: Draft, integration: Integration, *, optional: bool) -> Need:
    choices = tuple(bindings.choices(draft.tenant, integration.slug))
    if integration.slug in draft.selected:
        wanted = draft.selected[integration.slug]
        selected = next((connection for connection in choices if str(connection.pk) == wanted), None)
    else:
        # Nothing to choose from: what there is, is what will be used. The review shows it before anything happens.
        selected = choices[0] if len(choices) == 1 else None
    return Need(integration, optional, choices, selected)


def connection_of(found: Need, identity: str) -> Connection | None:
    """The choice with that id; None for anything else, somebody else's connection among it."""
    try:
        wanted = UUID(identity)
    except ValueError:
        return None
    return next((connection for connection in found.choices if connection.pk == wanted), None)


@contextmanager
def _locked(draft: Draft) -> Iterator[Draft]:
    # Two tabs write the same JSON columns: the second must see what the first has written.
    with transaction.atomic():
        yield (
            Draft.everyone.select_for_update(of=("self",))
            .select_related("tenant", "release__tool", "deployment")
            .get(pk=draft.pk)
        )


def _stored(draft: Draft) -> dict[str, Any]:
    text = vault.reveal(draft, "inputs")
    return dict(json.loads(text)) if text else {}


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL characters in text."""
    return text.replace("\x00", "").strip()
