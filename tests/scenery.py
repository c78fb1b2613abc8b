"""What stands around in tests of pages: a published tool, and a deployment of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.models import App, Deployment, Release, Tool
from tenants.models import Tenant

NOTION_AND_DRIVE = ({"provider": "notion"}, {"provider": "googledrive", "optional": True})


def make_release(
    slug: str = "importer",
    *,
    integrations: Sequence[Mapping[str, Any]] = NOTION_AND_DRIVE,
    inputs: Sequence[Mapping[str, Any]] = (),
    version: str = "1.0.0",
    status: str = Release.Status.ACTIVE,
    layout: Any = None,
) -> Release:
    """A release of the tool "Importer", without files: nothing starts it."""
    tool, _ = Tool.objects.get_or_create(
        slug=slug, defaults={"name": slug.capitalize(), "description": "Brings pages over."}
    )
    template = {
        "slug": slug,
        "name": tool.name,
        "version": version,
        "description": tool.description,
        "services": [{"role": "web"}],
        "integrations": list(integrations),
        "userInputs": list(inputs),
        "wizardLayout": layout,
    }
    manifest = {"name": slug, "version": 1, "runtime": "python", "integrations": list(integrations)}
    return Release.objects.create(
        tool=tool, version=version, manifest=manifest, template=template, digest="0" * 64, status=status
    )


def make_deployment(tenant: Tenant, release: Release, **fields: Any) -> Deployment:
    """A deployment that runs at an invented address, unless `fields` say otherwise."""
    fields = {
        "name": "My importer",
        "slug": "importer",
        "status": Deployment.Status.RUNNING,
        "url": "http://127.0.0.1:8101",
    } | fields
    app = App.everyone.create(tenant=tenant, kind=App.Kind.DEPLOYMENT, name=fields["name"])
    deployment: Deployment = Deployment.everyone.create(tenant=tenant, app=app, release=release, **fields)
    return deployment
