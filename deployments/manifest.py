"""What a tool declares: `vendo.yaml` and `template.json`, read strictly.

`read_tool` turns a folder into a `ToolSource` or raises `ManifestError` with a line for every thing to change.
`published` gives back what a release declares, in the form the wizard and the pipeline use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from deployments import declaration_rules as rules
from deployments import problems
from deployments.declaration import (
    MANIFEST,
    PYTHON_COMMAND,
    STORED,
    TEMPLATE,
    IntegrationUse,
    Secret,
    Service,
    Template,
    ToolManifest,
    UserInput,
)
from deployments.files import read_json, read_yaml
from deployments.models import Release
from deployments.problems import ManifestError, Problem

__all__ = [
    "IntegrationUse",
    "ManifestError",
    "Problem",
    "Published",
    "Secret",
    "Template",
    "ToolManifest",
    "ToolSource",
]
__all__ += ["UserInput", "published", "read_tool"]


@dataclass(frozen=True, slots=True)
class ToolSource:
    """A tool's folder, read and found sound."""

    path: Path
    manifest: ToolManifest
    template: Template


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """How the tool is started.

    With `image` it runs in a container made of that, and an empty command is the image's own; `port` is then where it
    listens inside, None for the port that it is given.
    """

    command: str
    env: Mapping[str, str]
    image: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class ReadinessPlan:
    """When the tool counts as up. `port` is None for the port that the tool was given; times are seconds."""

    path: str
    port: int | None
    retries: int
    interval: float
    expected_boot: float


@dataclass(frozen=True, slots=True)
class Published:
    """What a release declares."""

    slug: str
    name: str
    version: str
    description: str
    runtime: str
    integrations: tuple[IntegrationUse, ...]
    inputs: tuple[UserInput, ...]
    service: ServicePlan
    readiness: ReadinessPlan
    secrets: tuple[Secret, ...]
    hooks: tuple[str, ...]
    restart_on: frozenset[str]
    layout: Any

    def uses(self, slug: str) -> bool:
        """Whether the tool declares that integration."""
        return any(use.slug == slug for use in self.integrations)


def read_tool(path: Path) -> ToolSource:
    """The tool in folder `path`. Raises `ManifestError`, whatever is in the files."""
    manifest = _parse(ToolManifest, MANIFEST, read_yaml(path / MANIFEST))
    if (path / TEMPLATE).exists():
        template = _parse(Template, TEMPLATE, read_json(path / TEMPLATE))
    else:
        template = rules.derived_template(manifest, path)
    if found := [*rules.check(manifest, template)]:
        raise ManifestError(found)
    return ToolSource(path, manifest, template)


def published(release: Release) -> Published:
    """What `release` declares. Its rows were checked when it was published."""
    manifest = ToolManifest.model_validate(release.manifest)
    template = Template.model_validate(release.template, context=STORED)
    service = template.services[0]
    path = template.readiness.health_path or service.health_path or manifest.health.path
    return Published(
        slug=template.slug,
        name=template.name,
        version=template.version,
        description=template.description,
        runtime=manifest.runtime,
        integrations=tuple(IntegrationUse(use.provider, use.optional, use.profile) for use in template.integrations),
        inputs=tuple(template.user_inputs),
        service=ServicePlan(_command(service), service.env, service.image, service.port),
        readiness=ReadinessPlan(
            path=path,
            port=manifest.health.port if manifest.health.port != service.port else None,
            retries=template.readiness.max_retries,
            interval=template.readiness.retry_interval_sec,
            expected_boot=template.readiness.expected_boot_time_sec,
        ),
        secrets=tuple(template.secrets),
        hooks=tuple(template.deploy_hooks.after_deploy),
        restart_on=frozenset(manifest.restart_on) | frozenset(template.restart_on),
        layout=template.wizard_layout,
    )


def _command(service: Service) -> str:
    return service.start_command or ("" if service.image else PYTHON_COMMAND)


def _parse[M: BaseModel](model: type[M], file: str, data: object) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ManifestError(problems.of_validation(file, model, error)) from None
