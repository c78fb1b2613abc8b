"""What tests of deployments share: a project with a key, and deployments as rows."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from channels.db import aclose_old_connections
from django.db import transaction
from django.test import Client

from connections import catalog, signals, vault
from connections.models import Connection, Integration
from deployments import event_hub, keys
from deployments.models import App, Deployment, Release, Tool
from deployments.projects import create_project
from tenants.models import Tenant
from tests.deployments.tools import MANIFEST, TEMPLATE


@pytest.fixture
def project(tenant: Tenant) -> App:
    """An app for local work."""
    return create_project(tenant, "Ada's laptop")


@pytest.fixture
def app_key(project: App) -> str:
    """The text of a key of `project`."""
    return keys.mint(project, "tests")[1]


@pytest.fixture
def tool_client() -> Callable[[str], Client]:
    """key → a program that sends it with every request, and is no browser."""
    return lambda key: Client(headers={"authorization": f"Bearer {key}", "host": "localhost:8000"})


@pytest.fixture
def make_release(db: None) -> Callable[..., Release]:
    """(*slugs, tool="clock") → a release that declares those integrations."""

    def make(*slugs: str, tool: str = "clock") -> Release:
        row, _ = Tool.objects.get_or_create(slug=tool, defaults={"name": tool.title()})
        integrations = [{"provider": slug} for slug in slugs]
        return Release.objects.create(
            tool=row,
            version=f"1.0.{row.releases.count()}",
            manifest=MANIFEST | {"name": tool, "integrations": integrations},
            template=TEMPLATE | {"slug": tool, "integrations": integrations},
            status=Release.Status.SUPERSEDED if row.releases.exists() else Release.Status.ACTIVE,
        )

    return make


@pytest.fixture
def make_deployment(make_release: Callable[..., Release]) -> Callable[..., Deployment]:
    """(tenant, *slugs, **fields) → a deployment, as rows alone, of a release that declares those integrations."""

    def make(tenant: Tenant, *slugs: str, **fields: Any) -> Deployment:
        fields = {"slug": "clock", "name": "Clock", "status": Deployment.Status.RUNNING} | fields
        app = App.everyone.create(tenant=tenant, kind=App.Kind.DEPLOYMENT, name=fields["name"])
        deployment: Deployment = Deployment.everyone.create(
            tenant=tenant, app=app, release=make_release(*slugs), **fields
        )
        return deployment

    return make


@pytest.fixture
def extra_provider(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Integration]:
    """(slug, **fields) → an integration of a provider that is in no file: Notion's data sheet with other fields."""
    known = dict(catalog.all_providers())
    monkeypatch.setattr(catalog, "all_providers", lambda: known)

    def add(slug: str, **fields: Any) -> Integration:
        known[slug] = dataclasses.replace(catalog.get("notion"), **({"slug": slug, "name": slug.title()} | fields))
        return Integration.objects.create(slug=slug)

    return add


@pytest.fixture
def reconnect() -> Callable[[Connection, str], None]:
    """(connection, token) → the same account was connected again, and the provider issued that token."""

    def again(connection: Connection, token: str) -> None:
        with transaction.atomic():
            row = Connection.everyone.select_for_update().get(pk=connection.pk)
            vault.seal(row, "credential", token)
            row.save()
            signals.connected.send(sender=Connection, connection=row, intent=None, renewed=True, by=None)

    return again


@pytest_asyncio.fixture
async def streams_at_rest() -> AsyncIterator[None]:
    """Afterwards, seats are given back (which happens after an answer's end), and no thread keeps a connection."""
    yield
    await event_hub.here().settled()
    await aclose_old_connections()
