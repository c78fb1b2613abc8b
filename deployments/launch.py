"""From what the wizard or the API says to a deployment that deploys: all of it in one transaction, or none."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from connections import catalog
from connections.models import Connection
from deployments import activity, environment, events, tasks
from deployments.inputs import as_environment, defaults, form_for
from deployments.manifest import Published, published
from deployments.models import App, Deployment, Release, Tool
from deployments.plans import first_step
from tenants.models import Tenant, User

SLUG = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
SLUG_MAX = 63  # a host name's label: the slug becomes one where there is a domain
SLUG_HINT = "Use 2 to 63 lower-case letters, digits and hyphens; start with a letter and end with a letter or digit."
NAME_MAX = 80


class LaunchRefused(Exception):
    """Nothing was launched. `code` is one of contract section 8 or INVALID_INPUT, `message` a sentence for people.

    `details` holds `unknown` or `missing` slugs, or for INVALID_INPUT field → sentences.
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code, self.message, self.details = code, message, dict(details or {})


def launch(
    *,
    tenant: Tenant,
    user: User | None,
    release: Release,
    name: str,
    slug: str,
    inputs: Mapping[str, Any],
    chosen: Mapping[str, Connection],
) -> Deployment:
    """A new deployment of `release`, whose pipeline starts once the transaction commits. Raises `LaunchRefused`.

    `inputs` are the wizard's answers by key; an input that is not among them takes its default. `chosen` maps the slug
    of each integration to the connection it gets; optional ones may be left out.
    """
    plan, name = published(release), name.strip() or release.tool.name
    _refuse_slug(slug)
    _refuse_bindings(plan, tenant, chosen)
    answers = _answers(plan, name, inputs)
    with transaction.atomic():
        deployment = _create(tenant, user, release, name, slug)
        deployment.chosen = {integration: str(connection.pk) for integration, connection in chosen.items()}
        deployment.save(update_fields=["chosen"])
        environment.write_inputs(deployment, answers)
        activity.note(deployment, "launched", by=user, detail=f"{plan.name} {plan.version}")
        # A crash between the commit and the queue is mended by the workers' sweep.
        events.deployment_changed(deployment)
        transaction.on_commit(partial(tasks.enqueue_deploy, deployment.pk))
    return deployment


def suggest_slug(tenant: Tenant, tool: Tool) -> str:
    """A free slug after the tool's: `importer`, `importer-2`, …"""
    stem = tool.slug[: SLUG_MAX - 5].rstrip("-")
    taken = set(_standing(tenant).filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(
        slug for number in range(1, 10_000) if (slug := stem if number == 1 else f"{stem}-{number}") not in taken
    )


def check_slug(tenant: Tenant, slug: str) -> str | None:
    """What speaks against `slug` for a new deployment, as a sentence; None if nothing does."""
    if not SLUG.fullmatch(slug):
        return SLUG_HINT
    return _taken(slug) if _standing(tenant).filter(slug=slug).exists() else None


def _create(tenant: Tenant, user: User | None, release: Release, name: str, slug: str) -> Deployment:
    app = App(tenant=tenant, kind=App.Kind.DEPLOYMENT, name=name)
    app.save(force_insert=True)
    deployment = Deployment(
        tenant=tenant,
        app=app,
        release=release,
        slug=slug,
        name=name,
        operation=Deployment.Operation.DEPLOY,
        current_step=first_step(Deployment.Operation.DEPLOY),
        created_by=user,
    )
    try:
        with transaction.atomic():
            deployment.save(force_insert=True)
    except IntegrityError:
        raise LaunchRefused("SLUG_TAKEN", _taken(slug)) from None
    return deployment


def _refuse_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise LaunchRefused("INVALID_SLUG", SLUG_HINT)


def _refuse_bindings(plan: Published, tenant: Tenant, chosen: Mapping[str, Connection]) -> None:
    unknown = [
        slug for slug, connection in chosen.items() if not plan.uses(slug) or not _is_ours(connection, tenant, slug)
    ]
    if unknown:
        names = ", ".join(sorted(unknown))
        raise LaunchRefused("UNKNOWN_BINDING", f"{plan.name} can't use this connection: {names}.", {"unknown": unknown})
    required = [use.slug for use in plan.integrations if not use.optional]
    missing = [slug for slug in required if slug not in chosen or not chosen[slug].live]
    if missing:
        providers = catalog.all_providers()
        names = " and ".join(providers[slug].name if slug in providers else slug for slug in missing)
        raise LaunchRefused("MISSING_BINDING", f"{plan.name} needs {names}. Connect it first.", {"missing": missing})


def _is_ours(connection: Connection, tenant: Tenant, slug: str) -> bool:
    return connection.tenant_id == tenant.pk and connection.integration_id == slug


def _answers(plan: Published, name: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """The inputs as variables, judged by the same form as the wizard's."""
    form = form_for(plan)(defaults(plan) | dict(inputs))
    problems = {key: list(map(str, sentences)) for key, sentences in form.errors.items()}
    problems |= {key: [f"{plan.name} has no such input."] for key in inputs if key not in form.fields}
    if len(name) > NAME_MAX or "\x00" in name:
        problems["name"] = [f"Use a name of at most {NAME_MAX} characters."]
    if problems:
        raise LaunchRefused("INVALID_INPUT", "Some inputs need another look.", problems)
    return as_environment(form)


def _standing(tenant: Tenant) -> QuerySet[Deployment]:
    """The tenant's deployments without those that were destroyed: their addresses are free again."""
    rows: QuerySet[Deployment] = Deployment.objects.of(tenant)
    return rows.exclude(status=Deployment.Status.DESTROYED)


def _taken(slug: str) -> str:
    return f"This workspace has a deployment called {slug!r} already. Choose another address."
