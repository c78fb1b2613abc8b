"""Rows of a tenant are reached through the tenant, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.http import Http404

from connections.models import Connection
from tenants.models import Tenant
from tenants.scoped import TenantModel, one_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_door_shows_one_tenant(
    tenant: Tenant, other_tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    mine, theirs = make_connection(tenant, "notion"), make_connection(other_tenant, "notion")
    assert list(Connection.objects.of(tenant)) == [mine]
    with pytest.raises(Http404):
        one_of(Connection.objects.of(tenant), pk=theirs.pk)


@pytest.mark.parametrize("shortcut", ["all", "filter", "get", "create"])
def test_the_door_has_no_way_around(shortcut: str) -> None:
    assert not hasattr(Connection.objects, shortcut)


def test_every_row_with_a_tenant_stands_behind_the_door() -> None:
    strays = [
        model.__name__
        for model in apps.get_models()
        if any(f.name == "tenant" for f in model._meta.local_fields)
        and not issubclass(model, TenantModel)
        and model.__name__ != "Membership"
    ]
    assert strays == []


def test_no_page_uses_the_unscoped_manager() -> None:
    pages = [p for app in ("tenants", "connections", "deployments", "wizard") for p in (ROOT / app).glob("views*.py")]
    assert pages
    assert [p.name for p in pages if ".everyone" in p.read_text()] == []
