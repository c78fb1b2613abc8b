"""A page of the wizard in a real browser, while its parts are fetched anew."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tenants.models import Tenant, User
from tests.scenery import make_release
from tests.wizard.conftest import LAYOUT
from wizard import draft as drafts

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_key_that_is_half_typed_outlives_another_account(
    browse: Callable[..., Any], tenant: Tenant, owner: User
) -> None:
    release = make_release("writer", integrations=[{"provider": "openai"}], layout=LAYOUT)
    draft = drafts.start(tenant, owner, release)
    with browse() as context:
        page = context.new_page()
        page.goto(f"/deploy/{draft.pk}?phase=connect")
        field = page.get_by_role("textbox", name="API key")
        field.press_sequentially("sk-half")
        row = page.locator("#draft-account-openai")
        row.evaluate("row => (row.dataset.old = 'yes')")
        page.evaluate("document.body.dispatchEvent(new CustomEvent('connections-changed'))")
        expect(row).not_to_have_attribute("data-old", "yes")
        field.press_sequentially("-typed")
        expect(field).to_have_value("sk-half-typed")
        expect(field).to_be_focused()
