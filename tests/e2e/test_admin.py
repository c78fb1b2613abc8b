"""An operator in the browser: tries a provider from the admin and reads how it went, at a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor, on_one_stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_one_stack]

PROMOTE = "from tenants.models import User; User.objects.filter(email='{}').update(is_staff=True, is_superuser=True)"
TRY = "/admin/connections/integration/notion/try/"


@pytest.fixture
def operator(person: Visitor) -> Visitor:
    """Somebody who may use the admin."""
    person.stack.shell(PROMOTE.format(person.email))
    return person


def test_an_operator_tries_a_provider_and_reads_how_it_went(operator: Visitor) -> None:
    page = operator.go(TRY)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Connect Notion").click()
    window = opened.value
    operator.consent(window, allow=False)
    expect(page.get_by_role("cell", name="access_denied")).to_be_visible()
    window.get_by_role("link", name="Try again").click()
    with window.expect_event("close"):
        operator.consent(window)
    expect(page.get_by_role("cell", name="connected", exact=True)).to_be_visible()
    page.get_by_role("link", name="Ada's workspace").click()
    page.get_by_label("Action:").select_option(label="Test the connection")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("Notion · Ada's workspace: it works.")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(operator: Visitor, width: int) -> None:
    page = operator.page
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/admin/", "/admin/connections/integration/", "/admin/connections/integration/notion/change/", TRY):
        operator.go(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
