"""The tabs of a deployment in a real browser whose window is too narrow for them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from connections.models import Connection
from tenants.models import Tenant
from tests.deployments.running import bound
from tests.scenery import make_deployment, make_release

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [360, 390])
def test_the_present_tab_is_in_sight(
    browse: Callable[..., Any], tenant: Tenant, make_connection: Callable[..., Connection], width: int
) -> None:
    release = make_release(integrations=[{"provider": "stripe"}])
    deployment = bound(make_deployment(tenant, release), make_connection(tenant, "stripe"))
    with browse(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"/deployments/{deployment.pk}/activity")
        tabs = page.get_by_role("navigation", name=deployment.name).get_by_role("link")
        expect(tabs).to_have_text(["Overview", "Connections", "Webhooks", "Logs", "Environment", "Activity"])
        expect(tabs.last).to_be_in_viewport(ratio=1)
        expect(tabs.first).not_to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") == width
