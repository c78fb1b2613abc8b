"""What every provider of the catalogue must pass, played over HTTP from what its own test has recorded."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.test import Client
from django.utils import timezone

from connections import catalog, credentials, variables, vault
from connections import connect as journey
from connections.errors import NeedsReauth
from connections.models import ConnectAttempt, Connection, Integration
from deployments import bindings, keys
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.connections import dance
from tests.played import CLIENT, PING, Played
from tests.servers import serving
from tests.simulator import running
from vendo_site.asgi import http

SLUGS = sorted(catalog.all_providers())
SIGNED_IN = [slug for slug in SLUGS if dance.played(slug).signs_in]
RENEWED = [slug for slug in SIGNED_IN if dance.played(slug).fact("REFRESH_ANSWER")]
type SignIn = Callable[[User], Client]


@pytest.fixture(params=SLUGS)
def provider(request: pytest.FixtureRequest, db: None) -> Iterator[Played]:
    with running(dance.played(request.param)) as played:
        integration = played.play()
        integration.client_id = CLIENT[0]
        vault.seal(integration, "client_secret", CLIENT[1])
        integration.save()
        yield played


@pytest.fixture
def ada(client_for: SignIn, owner: User) -> Client:
    """The owner's browser."""
    return client_for(owner)


@pytest.fixture
def connection(ada: Client, provider: Played) -> Connection:
    """Connected as people do it."""
    page = dance.connect(ada, provider)
    assert page.status_code == 200, page.text
    row: Connection = Connection.everyone.select_related("integration").get()
    return row


of_those_that_renew = pytest.mark.parametrize("provider", RENEWED, indirect=True)


def _end(connection: Connection) -> Connection:
    """Its token's time is up."""
    now = timezone.now()
    connection.expires_at, connection.refreshed_at = now + timedelta(seconds=20), now - timedelta(days=2)
    connection.save()
    return connection


# --- connecting -------------------------------------------------------------------------------------------------------


def test_what_is_connected_is_what_was_recorded(connection: Connection, provider: Played) -> None:
    assert (connection.account_id or None, connection.display_name) == provider.fact("ACCOUNT")
    assert connection.context == provider.fact("CONTEXT")
    assert connection.status == "active"
    assert connection.metadata.items() >= provider.asked_of_people.items()
    assert vault.reveal(connection, "credential") == provider.token
    assert variables.of(connection) == provider.fact("VARIABLES", {})


def test_nothing_is_left_to_grant(connection: Connection) -> None:
    assert connection.missing_scopes == []


def test_the_opener_hears_of_it(ada: Client, provider: Played) -> None:
    messages, origin = dance.posted(dance.connect(ada, provider, state="opener-state"))
    row = Connection.everyone.get()
    assert origin == "http://localhost:8000"
    assert [message["type"] for message in messages] == ["vendo:connection-completed", "vendo:oauth:done"]
    assert messages[0]["connectionId"] == messages[1]["connection_id"] == str(row.pk)
    assert [message["state"] for message in messages] == ["opener-state"] * 2


def test_nothing_secret_is_logged_shown_or_kept_in_the_clear(
    ada: Client, provider: Played, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = dance.connect(ada, provider)
    rows = [str(row) for model in (Connection, ConnectAttempt, Integration) for row in model._base_manager.values()]
    sent = [str(value) for asked in provider.asked for value in asked.body.values()]
    secret = {provider.token, CLIENT[1], *provider.renewing, *(text for text in sent if text.startswith("code-"))}
    for text in secret:
        assert text not in caplog.text
        assert text not in page.text
        assert text not in "".join(rows)


@pytest.mark.parametrize("provider", SIGNED_IN, indirect=True)
def test_an_account_that_can_not_be_identified_leaves_no_half_connection(ada: Client, provider: Played) -> None:
    provider.api_status = 503
    page = dance.connect(ada, provider)
    # Notion's token answer says whose it is.
    assert Connection.everyone.exists() == (provider.calls == 0)
    if provider.calls:
        assert dance.posted(page)[0][0]["code"] == "context_discovery_failed"


# --- living -----------------------------------------------------------------------------------------------------------


def test_a_token_that_nothing_renews_does_not_end(connection: Connection, provider: Played) -> None:
    renewable = bool(provider.signs_in and provider.fact("REFRESH_ANSWER"))
    assert renewable == (connection.expires_at is not None)


@of_those_that_renew
def test_a_token_at_its_end_is_renewed(connection: Connection, provider: Played) -> None:
    renewed = provider.token_of(provider.fact("REFRESH_ANSWER"))
    assert credentials.fresh_token(_end(connection)).access_token == renewed
    kept = Connection.everyone.get()
    assert kept.expires_at and kept.expires_at > timezone.now()
    assert {vault.reveal(kept, "refresh_token")} - {None} == provider.renewing
    assert kept.missing_scopes == []
    assert credentials.fresh_token(_end(kept)).access_token == renewed


@of_those_that_renew
def test_a_renewal_that_is_refused_for_good_needs_the_person(connection: Connection, provider: Played) -> None:
    provider.alive, provider.renewing = set(), set()
    with pytest.raises(NeedsReauth):
        credentials.fresh_token(_end(connection))
    assert Connection.everyone.get().status == "needs_reauth"


def test_a_credential_that_is_gone_is_found_out_and_mended_in_place(
    ada: Client, connection: Connection, provider: Played
) -> None:
    journey.test(connection)
    provider.alive, provider.renewing = set(), set()
    with pytest.raises(NeedsReauth):
        journey.test(connection)
    connection.refresh_from_db()
    assert connection.status == "needs_reauth"
    provider.play()
    dance.connect(ada, provider, connection=str(connection.pk))
    mended = Connection.everyone.get()
    assert (mended.pk, mended.status, mended.context) == (connection.pk, "active", provider.fact("CONTEXT"))


# --- giving up --------------------------------------------------------------------------------------------------------


def test_a_disconnect_wipes_it_and_tells_the_provider(connection: Connection, provider: Played) -> None:
    journey.disconnect(connection)
    row = Connection.everyone.get()
    assert (row.status, row.credential, row.refresh_token, row.further_secrets) == ("revoked", None, None, None)
    told = provider.signs_in and provider.fact("REVOKED") is not None
    assert (provider.alive == set()) == told


# --- tools, over HTTP -------------------------------------------------------------------------------------------------


@pytest.fixture
def tool(transactional_db: None, connection: Connection, tenant: Tenant, settings: Any) -> Iterator[httpx2.Client]:
    """A tool of a project to which the connection is bound, at our front door."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    project = create_project(tenant, "Laptop")
    bindings.bind(project, connection)
    key = {"authorization": f"Bearer {keys.mint(project, 'tests')[1]}"}
    with serving(http, at_the_end=http.close) as url, httpx2.Client(base_url=url, headers=key) as client:
        yield client


def test_a_tool_has_token_variables_context_and_proxy(tool: httpx2.Client, provider: Played) -> None:
    slug = provider.provider.slug
    assert tool.get(f"/credentials/{slug}").json()["access_token"] == provider.token
    listed = tool.get("/api/deployments/me/connections").json()["connections"]
    (entry,) = [entry for entry in listed if entry["slug"] == slug]
    assert (entry["credential"] or {}) == provider.fact("VARIABLES", {})
    assert entry["context"] == provider.fact("CONTEXT")
    assert tool.get(f"/proxy/{slug}{PING}").json() == {"pong": slug}
    assert provider.asked[-1].path.startswith(provider.path("api_url").rstrip("/"))


def test_a_tool_hears_what_became_of_a_connection(
    tool: httpx2.Client, connection: Connection, provider: Played
) -> None:
    slug = provider.provider.slug
    if slug in RENEWED:
        _end(connection)
        renewed = provider.token_of(provider.fact("REFRESH_ANSWER"))
        assert tool.get(f"/credentials/{slug}").json()["access_token"] == renewed
        assert tool.get(f"/proxy/{slug}{PING}").json() == {"pong": slug}
    provider.alive, provider.renewing = set(), set()
    with pytest.raises(NeedsReauth):
        journey.test(Connection.everyone.get())
    said = tool.get(f"/credentials/{slug}")
    assert (said.status_code, said.headers["Vendo-Error-Code"]) == (401, "connection_needs_reauth")
    assert f"/connections/connect/{slug}?app=" in said.json()["error"]["connect_url"]
    journey.disconnect(connection)
    assert tool.get(f"/credentials/{slug}").headers["Vendo-Error-Code"] == "binding_missing"


# --- the sheet --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if catalog.get(slug).oauth])
def test_weakened_defaults_are_named_in_the_providers_own_test(slug: str) -> None:
    oauth = catalog.get(slug).oauth
    waived = {name for name in catalog.OAuth2.__slots__ if isinstance(getattr(oauth, name), catalog.Waiver)}
    assert waived == dance.facts_of(slug).WAIVERS
