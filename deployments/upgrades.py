"""What another release of a tool asks for that a deployment does not have yet: answers, and connections."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms

from connections import catalog
from connections.catalog import Provider
from connections.models import Connection
from deployments import environment
from deployments.inputs import as_environment, defaults, form_for
from deployments.manifest import Published, published
from deployments.models import Binding, Deployment, EnvironmentVariable, Release
from deployments.objections import OperationRefused


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A release beside what it still needs. `form` asks for the answers that are lacking."""

    release: Release
    form: type[forms.Form]
    missing: tuple[Provider, ...]
    fresh: tuple[str, ...]  # names of providers that it can use and the present release could not


def upgrade_to(deployment: Deployment, release: Release) -> Upgrade:
    """What moving `deployment` to `release` takes."""
    plan, present = published(release), published(deployment.release)
    bound = _bound(deployment)
    providers = catalog.all_providers()
    missing = [use.slug for use in plan.integrations if not use.optional and use.slug not in bound]
    fresh = [use.slug for use in plan.integrations if not present.uses(use.slug)]
    return Upgrade(
        release=release,
        form=form_for(_unanswered(deployment, plan)),
        missing=tuple(providers[slug] for slug in missing if slug in providers),
        fresh=tuple(providers[slug].name for slug in fresh if slug in providers),
    )


def complete(deployment: Deployment, release: Release, answers: Mapping[str, Any]) -> None:
    """Store the answers that `release` needs besides those that are there; what has a default may be left out.

    Raises `OperationRefused`: `missing_binding`, or `invalid_input` with field → sentences.
    """
    lacking = upgrade_to(deployment, release)
    name = f"{release.tool.name} {release.version}"
    if lacking.missing:
        names = " and ".join(provider.name for provider in lacking.missing)
        slugs = [provider.slug for provider in lacking.missing]
        raise OperationRefused("missing_binding", f"{name} needs {names}. Connect it first.", {"missing": slugs})
    known = {key: value for key, value in defaults(published(release)).items() if key in lacking.form.base_fields}
    form = lacking.form(known | dict(answers))
    if form.errors:
        fields = {key: list(map(str, sentences)) for key, sentences in form.errors.items()}
        raise OperationRefused("invalid_input", f"{name} asks for more. See what it needs.", {"fields": fields})
    environment.write_inputs(deployment, as_environment(form))


def _unanswered(deployment: Deployment, plan: Published) -> Published:
    """`plan` with those questions alone that are new, or whose stored answer no longer holds."""
    stored = _answers(deployment)
    asked_before = {question.key for question in published(deployment.release).inputs}
    judged = form_for(plan)(stored)
    lacking = {question.key for question in plan.inputs if question.key not in asked_before | stored.keys()}
    return replace(plan, inputs=tuple(row for row in plan.inputs if row.key in lacking | judged.errors.keys()))


def _answers(deployment: Deployment) -> dict[str, str]:
    users = EnvironmentVariable.everyone.filter(deployment=deployment, kind=EnvironmentVariable.Kind.USER)
    names = set(users.values_list("name", flat=True))
    return {name: value for name, value in environment.values(deployment).items() if name in names}


def _bound(deployment: Deployment) -> set[str]:
    live = Binding.everyone.filter(app=deployment.app_id, connection__status__in=Connection.LIVE)
    return set(live.values_list("integration_id", flat=True))
