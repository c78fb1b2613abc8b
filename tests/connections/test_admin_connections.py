"""Operators test, mark and revoke what tenants connected: asked first, told to everybody concerned, written down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from connections import admin_health, refreshes
from connections.connect import disconnect
from connections.models import ConnectAttempt, Connection, Refresh
from deployments.bindings import bind
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.simulator import Simulator

LIST = "/admin/connections/connection/"
type MakeConnection = Callable[..., Connection]


@pytest.fixture
def drive(tenant: Tenant, provider: Simulator, make_connection: MakeConnection) -> Connection:
    """A connection that works."""
    return make_connection(tenant, "googledrive", token="access-1", display_name="Ada's drive")


def run(operator: Client, action: str, *rows: Connection, **more: str) -> Any:
    return operator.post(LIST, {"action": action, "_selected_action": [str(row.pk) for row in rows], **more})


def confirm(operator: Client, action: str, *rows: Connection) -> str:
    """Run it, answer yes; returns what is told at last."""
    answer = run(operator, action, *rows, confirmed="yes")
    assert answer.status_code == 302
    return told(answer)


def told(answer: Any) -> str:
    return str([*get_messages(answer.wsgi_request)][-1])


def status(row: Connection) -> str:
    row.refresh_from_db()
    return row.status


def logged() -> list[str]:
    return [entry.change_message for entry in LogEntry.objects.order_by("pk")]


def test_dates_are_written_as_in_the_dashboard(operator: Client, drive: Connection) -> None:
    drive.connected_at = datetime(2026, 3, 1, 16, 5, tzinfo=UTC)
    drive.save()
    assert "1 Mar 2026, 16:05" in operator.get(LIST).text


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("test", "asked whether the credential works"),
        ("mark_for_reauth", "until somebody of the workspace connects them anew"),
        ("disconnect", "Their secrets are wiped"),
    ],
)
def test_nothing_happens_before_the_answer_is_yes(
    operator: Client, drive: Connection, provider: Simulator, action: str, words: str
) -> None:
    on_its_page = operator.post(
        f"{LIST}{drive.pk}/change/", {"CHANGE_FORM-action": action, "_selected_action": [str(drive.pk)]}
    )
    for answer in (run(operator, action, drive), on_its_page):
        assert words in answer.text and "Ada&#x27;s drive" in answer.text
        assert f'<form method="post" action="{LIST}">' in answer.text
    assert (status(drive), provider.asked, logged()) == ("active", [], [])


def test_a_test_tells_of_each_and_the_status_follows(
    operator: Client, drive: Connection, tenant: Tenant, provider: Simulator, make_connection: MakeConnection
) -> None:
    assert confirm(operator, "test", drive) == "Google Drive · Ada's drive: it works."
    provider.api_status = 401
    assert confirm(operator, "test", drive).startswith("Google Drive · Ada's drive: Google Drive ")
    assert status(drive) == "needs_reauth"
    assert logged() == ["Tested: it works.", f"Tested: {drive.error_message}"]


def test_a_test_is_for_a_few_at_a_time(
    operator: Client, drive: Connection, tenant: Tenant, make_connection: MakeConnection
) -> None:
    more = [make_connection(tenant, "googledrive", account_id=str(number)) for number in range(10)]
    answer = run(operator, "test", drive, *more)
    assert told(answer) == "Choose 10 at a time at most."


def test_what_is_marked_needs_its_person_and_apps_hear_of_it(
    operator: Client, drive: Connection, tenant: Tenant
) -> None:
    project = create_project(tenant, "Laptop")
    bind(project, drive)
    assert confirm(operator, "mark_for_reauth", drive) == "1 of 1 marked for re-authentication."
    assert (status(drive), drive.credential is None) == ("needs_reauth", False)
    assert [event.kind for event in project.events.all()][-1] == "connection.status_changed"
    assert confirm(operator, "mark_for_reauth", drive) == "0 of 1 marked for re-authentication."
    assert logged() == ["Marked for re-authentication."]


def test_what_is_revoked_is_wiped_and_apps_hear_of_it(operator: Client, drive: Connection, tenant: Tenant) -> None:
    project = create_project(tenant, "Laptop")
    bind(project, drive)
    assert confirm(operator, "disconnect", drive) == "1 of 1 disconnected."
    assert (status(drive), drive.credential) == ("revoked", None)
    assert [event.kind for event in project.events.all()] == ["connection.connected", "connection.disconnected"]
    assert confirm(operator, "disconnect", drive) == "0 of 1 disconnected."
    assert logged() == ["Disconnected."]


@pytest.mark.parametrize(
    ("back", "address"),
    [
        (f"{LIST}?status__exact=active", f"{LIST}?status__exact=active"),
        ("https://evil.example/", LIST),
        ("//evil.example/", LIST),
        ("", LIST),
    ],
)
def test_afterwards_one_is_where_one_was(operator: Client, drive: Connection, back: str, address: str) -> None:
    answer = run(operator, "mark_for_reauth", drive, confirmed="yes", back=back)
    assert answer.headers["Location"] == address


# --- what is written down, and counted --------------------------------------------------------------------------------


def test_what_people_do_in_their_workspaces_is_in_the_audit_log(
    operator: Client, provider: Simulator, owner: User, client_for: Callable[[User], Client]
) -> None:
    provider.api = {"/v1/models": {"data": []}}
    provider.play("openai")
    client_for(owner).post("/connections/connect/openai", {"api_key": "sk-ada"})
    for _ in range(2):
        disconnect(Connection.everyone.get(), by=owner)
    assert logged() == ["Connected.", "Disconnected."]
    text = operator.get("/admin/admin/logentry/").text
    assert "Audit log" in text and "owner@acme.example" in text and "sk-ada" not in text
    assert "By operator" in text
    assert "owner@acme.example" not in operator.get("/admin/admin/logentry/?user__is_staff__exact=1").text
    entry = LogEntry.objects.latest("pk")
    assert operator.post(f"/admin/admin/logentry/{entry.pk}/change/", {}).status_code == 403
    assert operator.post(f"/admin/admin/logentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"Wrong secret.", "They said no.", "Nobody came back."}),
        ({"outcome": "failed"}, {"Wrong secret."}),
        ({"outcome": "oauth_exchange_failed", "integration__slug__exact": "notion"}, {"Wrong secret."}),
        ({"outcome": "open"}, {"Nobody came back."}),
        ({"integration__slug__exact": "googledrive"}, {"They said no."}),
        ({"q": "owner@acme"}, {"Wrong secret.", "They said no.", "Nobody came back."}),
    ],
)
def test_attempts_say_why_and_are_found_by_how_they_ended(
    operator: Client, tenant: Tenant, owner: User, query: dict[str, str], found: set[str]
) -> None:
    attempt(tenant, owner, "notion", "oauth_exchange_failed", detail="Wrong secret.")
    attempt(tenant, owner, "googledrive", "access_denied", detail="They said no.")
    attempt(tenant, owner, "notion", "", detail="Nobody came back.")
    text = operator.get("/admin/connections/connectattempt/", query).text
    assert {words for words in ("Wrong secret.", "They said no.", "Nobody came back.") if words in text} == found


def attempt(tenant: Tenant, user: User, slug: str, outcome: str, **fields: Any) -> ConnectAttempt:
    number = ConnectAttempt.everyone.count()
    row: ConnectAttempt = ConnectAttempt.everyone.create(
        tenant=tenant,
        user=user,
        integration_id=slug,
        outcome=outcome,
        state_hash=str(number),
        expires_at=timezone.now(),
        **fields,
    )
    return row


@pytest.fixture
def busy_day(tenant: Tenant, owner: User, make_connection: MakeConnection) -> Connection:
    """Notion had a day; and one before it, which does not count."""
    for outcome in ("connected", "connected", "oauth_exchange_failed", "access_denied", ""):
        attempt(tenant, owner, "notion", outcome)
    old = attempt(tenant, owner, "notion", "oauth_exchange_failed")
    ConnectAttempt.everyone.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    works = make_connection(tenant, "notion")
    make_connection(tenant, "notion", status="needs_reauth")
    make_connection(tenant, "notion", status="revoked")
    for outcome in (Refresh.DONE, Refresh.DONE, "upstream_error"):
        refreshes.note(works, outcome)
    return works


@pytest.mark.postgres
def test_health_counts_the_last_day(operator: Client, busy_day: Connection) -> None:
    health = admin_health.of_all()["notion"]
    assert health.connections == "1 working, 1 not"
    assert health.last_connects == "2 connected, 1 failed, 1 declined"
    assert health.last_refreshes == "2 refreshed, 1 failed"
    for address in ("/admin/connections/integration/", "/admin/connections/integration/notion/change/"):
        text = operator.get(address).text
        assert "/admin/connections/connectattempt/?integration__slug__exact=notion" in text
        assert "2 connected, 1 failed, 1 declined" in text and "2 refreshed, 1 failed" in text
    listed = operator.get("/admin/connections/refresh/", {"connection__integration__slug__exact": "notion"}).text
    assert listed.count("upstream_error") >= 1
