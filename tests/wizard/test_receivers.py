from collections.abc import Callable

import pytest
from django.test import Client

from connections import connect as journey
from connections import intents
from connections.errors import IntentRefused
from connections.intents import Intent
from connections.models import Connection
from tenants.models import Tenant, User
from tests.scenery import make_deployment
from wizard.accounts import intent_of
from wizard.models import Draft

type Make = Callable[..., Connection]


def test_a_connect_for_a_draft_says_what_it_is_for(draft: Draft) -> None:
    intent = intents.unsign(intent_of(draft))
    assert intents.purpose(intent, draft.tenant).label == "to deploy Importer"


def test_another_tenants_draft_is_refused(draft: Draft, other_tenant: Tenant) -> None:
    with pytest.raises(IntentRefused):
        intents.purpose(Intent("draft", str(draft.pk)), other_tenant)


@pytest.mark.parametrize("identity", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_draft_is_refused(tenant: Tenant, identity: str) -> None:
    with pytest.raises(IntentRefused):
        intents.purpose(Intent("draft", identity), tenant)


def test_a_launched_draft_is_refused(draft: Draft) -> None:
    draft.deployment = make_deployment(draft.tenant, draft.release)
    draft.save()
    with pytest.raises(IntentRefused, match="launched"):
        intents.purpose(Intent("draft", str(draft.pk)), draft.tenant)


def test_the_new_connection_is_selected_in_the_draft(draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion", account_id="old")
    connection = make_connection(draft.tenant, "notion", account_id="new")
    journey.choose(connection, Intent("draft", str(draft.pk)))
    draft.refresh_from_db()
    assert draft.selected == {"notion": str(connection.pk)}


def test_other_connects_leave_the_draft_alone(draft: Draft, make_connection: Make, other_tenant: Tenant) -> None:
    theirs = make_connection(other_tenant, "notion")
    journey.choose(theirs, Intent("draft", str(draft.pk)))
    draft.refresh_from_db()
    assert draft.selected == {}


def test_the_connect_page_opens_for_a_draft(draft: Draft, client_for: Callable[[User], Client], member: User) -> None:
    page = client_for(member).get(f"/connections/connect/notion?intent={intent_of(draft)}")
    assert page.status_code == 200
    assert "To deploy Importer" in page.text
