"""Which project, which site: the popup asks, and nothing is stored until somebody has answered."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections import vault, watch
from connections.models import ConnectAttempt, Connection
from tenants.models import Membership, Tenant, User
from tests.connections import dance
from tests.played import CLIENT, Played
from tests.simulator import running

type SignIn = Callable[[User], Client]
ENGINE, DIFFERENCE = "abcdefghijklmnopqrst", "tsrqponmlkjihgfedcba"


@pytest.fixture
def provider(db: None) -> Iterator[Played]:
    """Supabase, with two projects."""
    with running(dance.played("supabase")) as played:
        integration = played.play()
        integration.client_id = CLIENT[0]
        vault.seal(integration, "client_secret", CLIENT[1])
        integration.save()
        yield played


@pytest.fixture
def ada(client_for: SignIn, owner: User) -> Client:
    """The owner's browser."""
    return client_for(owner)


def _asked(client: Client, provider: Played, **query: str) -> str:
    """The address of the question, after signing in."""
    back = client.get(dance.sent_back(client, provider, **query))
    assert back.status_code == 302, back.text
    address: str = back.headers["Location"]
    return address


def _with_projects(provider: Played, monkeypatch: pytest.MonkeyPatch, *projects: dict[str, Any]) -> None:
    monkeypatch.setattr(provider.facts, "API", {**provider.fact("API"), "/v1/projects": list(projects)})


def _refused(page: Any) -> str:
    """It says so in words, the opener hears it, and nothing is stored; returns the sentence."""
    messages, _ = dance.posted(page)
    assert [message["type"] for message in messages] == ["vendo:oauth:error"]
    assert not Connection.everyone.exists()
    return messages[0]["detail"]


def test_several_are_asked_about_and_nothing_is_stored_meanwhile(ada: Client, provider: Played) -> None:
    page = ada.get(_asked(ada, provider)).text
    assert re.findall(r'name="place" value="(\w+)"', page) == [DIFFERENCE, ENGINE]
    assert "Which project?" in page
    assert not Connection.everyone.exists()
    attempt = ConnectAttempt.everyone.get()
    assert (attempt.outcome, attempt.verifier) == ("", None)
    assert provider.token not in str(ConnectAttempt.everyone.values().get())


def test_the_chosen_one_is_connected_with_its_context(ada: Client, provider: Played) -> None:
    messages, _ = dance.posted(ada.post(_asked(ada, provider, state="s1"), {"place": DIFFERENCE}))
    row = Connection.everyone.get()
    assert (row.account_id, row.display_name) == (f"analytical-org/{DIFFERENCE}", "Difference")
    assert (row.context, row.metadata["region"]) == ({"ref": DIFFERENCE}, "us-east-1")
    assert (messages[1]["type"], messages[1]["state"]) == ("vendo:oauth:done", "s1")
    attempt = ConnectAttempt.everyone.get()
    assert (attempt.outcome, attempt.pending, attempt.connection) == ("connected", None, row)


def test_two_projects_of_one_account_are_two_connections(ada: Client, provider: Played) -> None:
    for place in (ENGINE, DIFFERENCE, ENGINE):
        provider.renewing = set()
        ada.post(_asked(ada, provider), {"place": place})
    assert sorted(row.context["ref"] for row in Connection.everyone.all() if row.context) == [ENGINE, DIFFERENCE]


def test_a_single_one_is_taken(ada: Client, provider: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_projects(provider, monkeypatch, provider.fact("API")["/v1/projects"][0])
    page = ada.get(dance.sent_back(ada, provider))
    assert (page.status_code, Connection.everyone.get().context) == (200, {"ref": ENGINE})


def test_none_is_a_failure_in_words(ada: Client, provider: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_projects(provider, monkeypatch)
    assert "has no project at Supabase" in _refused(ada.get(dance.sent_back(ada, provider)))
    assert ConnectAttempt.everyone.get().outcome == "context_discovery_failed"


@pytest.mark.parametrize("answer", [{}, {"place": "another"}, {"place": ""}])
def test_anything_else_is_asked_again(answer: dict[str, str], ada: Client, provider: Played) -> None:
    question = _asked(ada, provider)
    page = ada.post(question, answer)
    assert (page.status_code, "Choose one of these." in page.text) == (422, True)
    assert ada.post(question, {"place": ENGINE}).status_code == 200


def test_an_answer_counts_once(ada: Client, provider: Played) -> None:
    question = _asked(ada, provider)
    cookies = dict(ada.cookies)
    assert ada.post(question, {"place": ENGINE}).status_code == 200
    ada.cookies.update(cookies)
    for again in (ada.get(question), ada.post(question, {"place": DIFFERENCE})):
        assert dance.posted(again)[0][0]["code"] == "oauth_state_invalid"
    assert Connection.everyone.count() == 1


def test_the_question_waits_for_ten_minutes(ada: Client, provider: Played) -> None:
    question = _asked(ada, provider)
    ConnectAttempt.everyone.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "ten minutes" in _refused(ada.post(question, {"place": ENGINE}))
    assert ConnectAttempt.everyone.get().pending is None


def test_what_nobody_answered_is_not_kept(ada: Client, provider: Played) -> None:
    _asked(ada, provider)
    watch.look()
    assert ConnectAttempt.everyone.get().pending is not None
    ConnectAttempt.everyone.update(expires_at=timezone.now() - timedelta(seconds=1))
    watch.look()
    attempt = ConnectAttempt.everyone.get()
    assert (attempt.pending, attempt.outcome) == (None, "oauth_state_invalid")


def test_another_browser_of_the_same_person_is_refused(
    ada: Client, provider: Played, client_for: SignIn, owner: User
) -> None:
    question, other = _asked(ada, provider), client_for(owner)
    for page in (other.get(question), other.post(question, {"place": ENGINE})):
        assert "another browser" in _refused(page)
        assert "Difference" not in page.text
    assert ada.post(question, {"place": ENGINE}).status_code == 200


def test_other_people_learn_nothing(
    ada: Client, provider: Played, client_for: SignIn, stranger: User, member: User
) -> None:
    question = _asked(ada, provider)
    signed_out = Client(headers={"accept": "text/html", "host": "localhost:8000"})
    for other in (client_for(stranger), client_for(member), signed_out):
        other.cookies.update({n: c for n, c in ada.cookies.items() if n.startswith("vendo_attempt_")})
        for page in (other.get(question), other.post(question, {"place": ENGINE})):
            assert _refused(page) == "This sign-in is not known here. Connect again."
            assert "Engine" not in page.text


def test_whoever_left_the_workspace_is_refused(ada: Client, provider: Played, owner: User, tenant: Tenant) -> None:
    question = _asked(ada, provider)
    Membership.objects.filter(user=owner, tenant=tenant).delete()
    _refused(ada.post(question, {"place": ENGINE}))


def test_an_address_of_nothing_says_so(ada: Client, provider: Played) -> None:
    nothing = "/api/oauth/supabase/callback/00000000-0000-4000-8000-000000000000"
    assert _refused(ada.get(nothing)) == "This sign-in is not known here. Connect again."
    assert _refused(ada.get(_asked(ada, provider).replace("supabase", "jira")))


def test_reconnecting_finds_the_same_place_and_asks_nothing(ada: Client, provider: Played) -> None:
    ada.post(_asked(ada, provider), {"place": DIFFERENCE})
    row = Connection.everyone.get()
    Connection.everyone.update(status="needs_reauth", metadata={})
    page = ada.get(dance.sent_back(ada, provider, connection=str(row.pk)))
    assert (page.status_code, Connection.everyone.get().context) == (200, {"ref": DIFFERENCE})


def test_reconnecting_without_the_place_is_refused_and_changes_nothing(
    ada: Client, provider: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.post(_asked(ada, provider), {"place": DIFFERENCE})
    before = Connection.everyone.values().get()
    _with_projects(provider, monkeypatch, provider.fact("API")["/v1/projects"][0])
    page = ada.get(dance.sent_back(ada, provider, connection=str(before["id"])))
    assert "does not reach the project of this connection, Difference" in dance.posted(page)[0][0]["detail"]
    assert Connection.everyone.values().get() == before
