"""Asking for a provider that is not there, for each of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from connections import requests
from connections.models import Integration, IntegrationRequest
from tenants.models import Tenant, User

SignIn = Callable[[User], Client]
FILLED_IN = {
    "name": "Acme Mail",
    "docs_url": "https://acme.example/docs",
    "auth_model": "oauth",
    "env_vars": "ACME_TOKEN, ACME_ID ACME_TOKEN",
    "note": "Send invoices.",
}


def ask(client: Client, **fields: str) -> Any:
    return client.post("/connections/requests", FILLED_IN | fields)


def asked(tenant: Tenant, by: User | None = None, **fields: Any) -> IntegrationRequest:
    fields = {"name": "Acme Mail", "auth_model": "oauth", "docs_url": "https://acme.example"} | fields
    row = IntegrationRequest(tenant=tenant, asked_by=by, name_key=requests.compared(fields["name"]), **fields)
    row.save()
    return row


def test_a_member_asks_and_sees_it_on_the_page(client_for: SignIn, member: User, tenant: Tenant) -> None:
    client = client_for(member)
    answer = ask(client)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/connections#connections-requests")
    row = IntegrationRequest.objects.of(tenant).get()
    assert (row.asked_by, row.status, row.auth_model) == (member, "open", "oauth")
    assert row.env_vars == ["ACME_TOKEN", "ACME_ID"]
    page = client.get("/connections").text
    assert "You asked for Acme Mail." in page
    assert "Asked by you" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Which provider do you miss?"),
        ("name", "???", "with letters"),
        ("docs_url", "", "Paste a link"),
        ("docs_url", "javascript:alert(1)", "Enter a valid URL"),
        ("docs_url", "ftp://acme.example", "begins with https://"),
        ("auth_model", "", "Choose one of these"),
        ("env_vars", "sk-live-0123", "capital letters"),
        ("env_vars", " ".join(f"A{n}" for n in range(11)), "10 names at most"),
        ("note", "x" * 1001, "at most 1000 characters"),
    ],
)
def test_what_is_wrong_stands_at_the_field_and_the_rest_is_kept(
    client_for: SignIn, member: User, field: str, value: str, words: str
) -> None:
    answer = ask(client_for(member), **{field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert '<details class="disclosure spaced" open>' in answer.text
    kept = "Send invoices." if field != "note" else "Acme Mail"
    assert kept in answer.text
    assert not IntegrationRequest.everyone.exists()


@pytest.mark.parametrize("name", ["Google Drive", "google-drive", "GOOGLEDRIVE"])
def test_what_is_there_is_not_asked_for(client_for: SignIn, member: User, googledrive: Integration, name: str) -> None:
    answer = ask(client_for(member), name=name)
    assert answer.status_code == 422
    assert "Google Drive is there already" in answer.text


def test_a_name_that_grows_when_it_is_compared_fits(client_for: SignIn, member: User, tenant: Tenant) -> None:
    assert ask(client_for(member), name="ﬃ" * 80).status_code == 302
    row = IntegrationRequest.objects.of(tenant).get()
    assert len(row.name_key) == IntegrationRequest._meta.get_field("name_key").max_length


def test_what_an_operator_switched_off_may_be_asked_for(client_for: SignIn, member: User, notion: Integration) -> None:
    Integration.objects.filter(pk="notion").update(enabled=False)
    assert ask(client_for(member), name="Notion").status_code == 302


def test_the_same_is_asked_for_once(client_for: SignIn, owner: User, member: User, tenant: Tenant) -> None:
    asked(tenant, owner, status="planned")
    answer = ask(client_for(member), name="ACME mail")
    assert answer.status_code == 422
    assert "Your workspace has asked for ACME mail already" in answer.text


def test_what_was_declined_may_be_asked_for_again(client_for: SignIn, member: User, tenant: Tenant) -> None:
    asked(tenant, member, status="declined")
    assert ask(client_for(member)).status_code == 302


def test_another_workspace_asks_for_the_same(client_for: SignIn, stranger: User, owner: User, tenant: Tenant) -> None:
    asked(tenant, owner)
    client = client_for(stranger)
    assert "Acme Mail" not in client.get("/connections").text
    assert ask(client).status_code == 302


def test_there_is_an_end_to_asking(client_for: SignIn, member: User, tenant: Tenant) -> None:
    for number in range(requests.MOST_OPEN):
        asked(tenant, member, name=f"Number {number}")
    client = client_for(member)
    answer = ask(client)
    assert (answer.status_code, "wait for an answer" in answer.text) == (422, True)
    IntegrationRequest.everyone.filter(name="Number 0").update(status="planned")
    assert ask(client).status_code == 302


@pytest.mark.parametrize("status", IntegrationRequest.Status)
def test_the_answer_stands_on_the_page(
    client_for: SignIn, viewer: User, member: User, tenant: Tenant, status: IntegrationRequest.Status
) -> None:
    asked(tenant, member, status=status, answer="<b>Next</b> month.")
    page = client_for(viewer).get("/connections").text
    assert f'data-status="{status}"' in page
    assert "Answer: &lt;b&gt;Next&lt;/b&gt; month." in page
    assert ("/connections?q=Acme%20Mail" in page) == (status == "added")


def test_what_one_asked_for_is_withdrawn(client_for: SignIn, member: User, tenant: Tenant) -> None:
    row = asked(tenant, member)
    client = client_for(member)
    assert f"/connections/requests/{row.pk}/withdraw" in client.get("/connections").text
    assert client.post(f"/connections/requests/{row.pk}/withdraw").status_code == 302
    assert not IntegrationRequest.everyone.exists()
    assert LogEntry.objects.get().change_message == "withdrew the request"


def test_an_owner_withdraws_what_another_asked_for(client_for: SignIn, owner: User, tenant: Tenant) -> None:
    row = asked(tenant)
    assert client_for(owner).post(f"/connections/requests/{row.pk}/withdraw").status_code == 302
    assert not IntegrationRequest.everyone.exists()


def test_a_member_does_not_withdraw_anothers(client_for: SignIn, member: User, owner: User, tenant: Tenant) -> None:
    row = asked(tenant, owner)
    client = client_for(member)
    assert "/withdraw" not in client.get("/connections").text
    assert client.post(f"/connections/requests/{row.pk}/withdraw").status_code == 403


@pytest.mark.parametrize("status", ["added", "declined"])
def test_what_is_answered_stays(client_for: SignIn, member: User, tenant: Tenant, status: str) -> None:
    row = asked(tenant, member, status=status)
    client = client_for(member)
    assert "/withdraw" not in client.get("/connections").text
    assert client.post(f"/connections/requests/{row.pk}/withdraw").status_code == 404


def test_a_stranger_finds_nothing(client_for: SignIn, stranger: User, member: User, tenant: Tenant) -> None:
    row = asked(tenant, member)
    assert client_for(stranger).post(f"/connections/requests/{row.pk}/withdraw").status_code == 404
    assert IntegrationRequest.everyone.exists()


def test_a_viewer_looks_but_may_not(client_for: SignIn, viewer: User, tenant: Tenant) -> None:
    row = asked(tenant, viewer)
    client = client_for(viewer)
    page = client.get("/connections").text
    assert "Acme Mail" in page
    assert 'action="/connections/requests' not in page
    assert ask(client, name="Other").status_code == 403
    assert client.post(f"/connections/requests/{row.pk}/withdraw").status_code == 403


def test_asking_is_a_post(client_for: SignIn, member: User) -> None:
    assert client_for(member).get("/connections/requests").status_code == 405


def test_a_search_without_result_leads_to_the_form(client_for: SignIn, member: User) -> None:
    page = client_for(member).get("/connections", {"q": "Acme Mail", "ask": "1"}).text
    assert '<details class="disclosure spaced" open>' in page
    assert 'name="name" value="Acme Mail"' in page
