"""What was granted is stored and shown; where the catalogue asks for more, it is offered before a tool fails."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from connections import vault
from connections.models import Connection
from tenants.models import Tenant, User
from tests.connections import dance
from tests.played import CLIENT, Played
from tests.simulator import running

type SignIn = Callable[[User], Client]
type MakeConnection = Callable[..., Connection]
WRITE = "Create and change issues"


@pytest.fixture
def provider(db: None) -> Iterator[Played]:
    """Jira."""
    with running(dance.played("jira")) as played:
        integration = played.play()
        integration.client_id = CLIENT[0]
        vault.seal(integration, "client_secret", CLIENT[1])
        integration.save()
        yield played


@pytest.fixture
def older(provider: Played, client_for: SignIn, owner: User) -> Connection:
    """Connected when the catalogue did not ask for writing yet."""
    dance.connect(client_for(owner), provider)
    row: Connection = Connection.everyone.get()
    row.granted_scopes = [scope for scope in row.granted_scopes if scope != "write:jira-work"]
    row.save()
    return row


def test_what_was_granted_is_shown_in_plain_words(provider: Played, client_for: SignIn, owner: User) -> None:
    ada = client_for(owner)
    dance.connect(ada, provider)
    row = Connection.everyone.get()
    page = ada.get(f"/connections/{row.pk}").text
    assert WRITE in page
    assert "offline_access" not in page
    assert "offline_access" in row.granted_scopes
    assert "Grant more" not in page + ada.get("/connections").text


def test_what_is_missing_is_offered_on_card_and_page(older: Connection, client_for: SignIn, owner: User) -> None:
    ada = client_for(owner)
    assert [scope.meaning for scope in older.missing_scopes] == [WRITE]
    for address in ("/connections", f"/connections/{older.pk}"):
        page = ada.get(address).text
        assert "Grant more" in page
        assert f"/connections/connect/jira?connection={older.pk}" in page
    assert "not allowed yet" in ada.get(f"/connections/{older.pk}").text


def test_the_window_says_what_is_new(older: Connection, client_for: SignIn, owner: User) -> None:
    page = client_for(owner).get("/connections/connect/jira", {"connection": str(older.pk)}).text
    assert "Allow more at Jira" in page
    assert page.count(">New<") == 1


def test_granting_more_renews_in_place(older: Connection, provider: Played, client_for: SignIn, owner: User) -> None:
    ada = client_for(owner)
    dance.connect(ada, provider, connection=str(older.pk))
    row = Connection.everyone.get()
    assert (row.pk, row.missing_scopes) == (older.pk, [])
    assert "Grant more" not in ada.get(f"/connections/{row.pk}").text


def test_viewers_see_it_and_are_offered_nothing(older: Connection, client_for: SignIn, viewer: User) -> None:
    page = client_for(viewer).get(f"/connections/{older.pk}").text
    assert ("not allowed yet" in page, "Grant more" in page) == (True, False)


@pytest.mark.parametrize(
    ("slug", "fields"),
    [
        ("openai", {}),
        ("jira", {"profile": "composio_managed"}),
        ("jira", {"status": "revoked"}),
        ("github", {"granted_scopes": ["repo", "user"]}),
    ],
)
def test_nothing_is_missing_where_nothing_can_be_granted(
    slug: str, fields: dict[str, object], tenant: Tenant, make_connection: MakeConnection
) -> None:
    assert make_connection(tenant, slug, **fields).missing_scopes == []
