"""What one does with a draft: begin it, launch it or throw it away. How it is filled in is in `keep`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connections import vault
from connections.models import Connection
from deployments import launch as launching
from deployments.inputs import defaults
from deployments.manifest import published
from deployments.models import Deployment, Release
from tenants.models import Tenant, User
from wizard.models import Draft
from wizard.needs import chosen
from wizard.pages import left_out


def start(tenant: Tenant, user: User, release: Release) -> Draft:
    """A new draft, with a name and a free address to begin with."""
    slug = launching.suggest_slug(tenant, release.tool)
    draft: Draft = Draft.everyone.create(tenant=tenant, user=user, release=release, name=release.tool.name, slug=slug)
    return draft


def unfinished(tenant: Tenant, user: User) -> QuerySet[Draft]:
    """The person's own drafts that are not launched, the latest first."""
    rows: QuerySet[Draft] = Draft.objects.of(tenant).filter(user=user, deployment=None)
    return rows.select_related("release__tool")


def typed(draft: Draft) -> dict[str, Any]:
    """Input key → what was filled in so far, or the input's default. Holds secrets: never hand it to a template."""
    plan = published(draft.release)
    asked = {question.key for question in plan.inputs if question.asked}
    # A newer release may have dropped a question that was answered for an older one.
    return defaults(plan) | {key: value for key, value in stored(draft).items() if key in asked}


def answers(draft: Draft) -> dict[str, Any]:
    """Input key → what a launch hands to the tool: `typed`, without what was left out. Holds secrets too."""
    without, plan = left_out(draft).inputs, published(draft.release)
    return defaults(plan) | {key: value for key, value in typed(draft).items() if key not in without}


def stored(draft: Draft) -> dict[str, Any]:
    """What was filled in, for whichever release. Holds secrets."""
    text = vault.reveal(draft, "inputs")
    return dict(json.loads(text)) if text else {}


def select(draft: Draft, choices: Mapping[str, Connection | None]) -> None:
    """Keep which connection each integration gets; None goes on without."""
    now = timezone.now().isoformat()
    with locked(draft) as row:
        row.selected |= {slug: str(connection.pk) if connection else None for slug, connection in choices.items()}
        # From the connect window: no page's own doing.
        row.stamps |= {f"connection-{slug}": {"tab": "", "by": "", "at": now} for slug in choices}
        row.save(update_fields=["selected", "stamps", "updated_at"])
    draft.selected, draft.stamps = row.selected, row.stamps


def launch(draft: Draft, user: User) -> Deployment:
    """The deployment that the draft describes. Launching twice gives the same one. Raises `LaunchRefused`."""
    with locked(draft) as row:
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
        row.deployment, row.inputs, row.disputed = deployment, None, None
        row.save(update_fields=["deployment", "inputs", "disputed", "updated_at"])
    return deployment


def discard(draft: Draft) -> None:
    """Throw it away, with everything in it."""
    draft.delete()


def keep_current(draft: Draft) -> bool | None:
    """Move on to the release that replaced the draft's while it lay around; what was filled in stays, by key.

    True when it moved, None when the tool can't be deployed at all now.
    """
    if draft.release.status == Release.Status.ACTIVE:
        return False
    current = draft.release.tool.active_release
    if current is None:
        return None
    draft.release = current
    draft.save(update_fields=["release"])
    return True


@contextmanager
def locked(draft: Draft) -> Iterator[Draft]:
    """The draft's row as it is now, for nobody else to write meanwhile."""
    # Two tabs write the same JSON columns: the second must see what the first has written.
    with transaction.atomic():
        yield (
            Draft.everyone.select_for_update(of=("self",))
            .select_related("tenant", "release__tool", "deployment")
            .get(pk=draft.pk)
        )
