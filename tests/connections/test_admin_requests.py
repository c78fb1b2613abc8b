"""Operators answer what people ask for, and those who asked read the answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from connections import admin_requests, requests
from connections.models import IntegrationRequest
from tenants.models import Tenant, User

LIST = "/admin/connections/integrationrequest/"


@pytest.fixture
def wanted(tenant: Tenant, owner: User) -> IntegrationRequest:
    """Acme wants Trello."""
    return ask(tenant, owner, "Trello")


def ask(tenant: Tenant, by: User, name: str) -> IntegrationRequest:
    row = IntegrationRequest(
        name=name,
        auth_model="oauth",
        docs_url="https://trello.example/docs",
        env_vars=["TRELLO_TOKEN"],
        note="<b>Boards",
    )
    requests.ask(row, tenant, by)
    return row


def answer(operator: Client, wanted: IntegrationRequest, status: str, words: str = "") -> Any:
    return operator.post(f"{LIST}{wanted.pk}/change/", {"status": status, "answer": words}, follow=True)


@pytest.mark.postgres
def test_the_inbox_shows_who_wants_what(
    operator: Client, wanted: IntegrationRequest, other_tenant: Tenant, stranger: User
) -> None:
    ask(other_tenant, stranger, "trello")
    for text in (operator.get(LIST).text, operator.get(f"{LIST}{wanted.pk}/change/").text):
        assert "owner@acme.example" in text or "Acme" in text
    shown = operator.get(f"{LIST}{wanted.pk}/change/").text
    assert '<div class="readonly">2</div>' in shown
    assert 'href="https://trello.example/docs"' in shown
    assert "TRELLO_TOKEN" in shown and "&lt;b&gt;Boards" in shown


def test_the_answer_is_read_by_those_who_asked(
    operator: Client, wanted: IntegrationRequest, owner: User, client_for: Callable[[User], Client]
) -> None:
    answer(operator, wanted, "planned", "In spring.")
    wanted.refresh_from_db()
    assert (wanted.status, wanted.answered_at is None) == ("planned", False)
    assert "In spring." in client_for(owner).get("/connections").text
    assert "Answer" in LogEntry.objects.get().get_change_message()


def test_a_refusal_says_why(operator: Client, wanted: IntegrationRequest) -> None:
    assert "Say why" in answer(operator, wanted, "declined").text
    wanted.refresh_from_db()
    assert wanted.status == "open"


def test_what_was_asked_for_again_is_not_opened_twice(
    operator: Client, wanted: IntegrationRequest, tenant: Tenant, owner: User
) -> None:
    answer(operator, wanted, "declined", "No.")
    ask(tenant, owner, "Trello")
    assert "has asked for it once more" in answer(operator, wanted, "open").text


def test_what_is_withdrawn_meanwhile_stays_withdrawn(
    operator: Client, wanted: IntegrationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdrawn(form: admin_requests.AnswerForm) -> None:
        IntegrationRequest.everyone.all().delete()

    monkeypatch.setattr(admin_requests.AnswerForm, "clean", withdrawn)
    assert "withdrawn in the meantime" in answer(operator, wanted, "planned").text
    assert not IntegrationRequest.everyone.exists()


def test_requests_are_made_by_people_alone(operator: Client, wanted: IntegrationRequest) -> None:
    assert operator.get(f"{LIST}add/").status_code == 403
    operator.post(f"{LIST}{wanted.pk}/change/", {"status": "open", "answer": "", "name": "Other"})
    wanted.refresh_from_db()
    assert wanted.name == "Trello"
