"""Adding a provider touches one file of the catalogue and one of the tests: here are two, in a folder of their own."""

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from connections import catalog, credentials, variables, vault
from connections import connect as journey
from connections.models import Connection
from connections.sync import sync_catalog
from tenants.models import User
from tests.connections import dance
from tests.played import CLIENT, Played
from tests.simulator import running

# Quirks that no provider of the catalogue has at the moment, all in one.
SHEET = '''
"""Curious. Says everything in a way of its own."""

from connections.catalog._types import (
    Account, Api, Ask, EnvVar, OAuth2, Provider, Proxy, Revocation, Scope, TokenAnswer,
)


def _owner(api: Api, answer: TokenAnswer) -> Account:
    owner = api.post("/whoami", {"query": "{ viewer }"})
    context = {"realm": str(answer.extra["realm"]), "shard": str(answer.extra["shard"])}
    return Account(id=owner[0]["id"], name=owner[0]["name"], context=context)


provider = Provider(
    slug="curious",
    name="Curious",
    category="Tests",
    summary="For tests.",
    docs_url="https://example.com/docs",
    brand_color="#123456",
    asks=(Ask(name="shop", label="Shop", pattern="[a-z]+", looks="letters", suffix=".curious.example.com"),),
    api_url="https://{shop}.curious.example.com/{realm}",
    account_url="https://{shop}.curious.example.com",
    proxy=Proxy(header="X-Token", scheme=None),
    env=(EnvVar(name="CURIOUS_REALM", source="context.realm"),),
    auth=(
        OAuth2(
            authorize_url="https://{shop}.curious.example.com/start",
            token_url="https://{shop}.curious.example.com/token",
            refresh_url="https://{shop}.curious.example.com/again",
            revoke=Revocation(
                url="https://{shop}.curious.example.com/forget/{token}",
                method="DELETE",
                auth="secret",
                body="form",
                token_field="",
                params={"client": "{client_id}", "account": "{account_id}"},
            ),
            scopes=(Scope(name="read", meaning="Read"), Scope(name="write", meaning="Write", also=("all",))),
            fixed_scopes=("offline",),
            scope_param="user_scope",
            scope_separator=";",
            client_auth="none",
            token_body="json",
            token_params={"audience": "tools"},
            refresh_params={"audience": "tools"},
            token_path=("grants", 0),
            expires_unit="milliseconds",
            dead=frozenset({"gone_for_good"}),
            keep=("realm",),
            keep_query=("shard",),
        ),
    ),
    identify=_owner,
    verify=lambda api: api.post("/whoami", None),
)
'''
FACTS = """
from tests.connections.catalog.recorded import Revoked

ASKED = {"shop": "corner"}
CALLBACK = {"shard": "7"}
TOKEN_ANSWER = {
    "realm": "north",
    "grants": [
        {"access_token": "curious-1", "refresh_token": "again-1", "expires_in": "7200000", "scope": "read all offline"}
    ],
}
REFRESH_ANSWER = {"grants": [{"access_token": "curious-2", "refresh_token": "again-2", "expires_in": 7200000}]}
GONE = (200, {"error": "gone_for_good"})
REVOKED = Revoked(
    path="/forget/{token}", method="DELETE", body={"client": "test-client", "account": "o1"},
    bearer="test-client-secret",
)
API = {"/whoami": [{"id": "o1", "name": "Ada"}]}
ACCOUNT = ("o1", "Ada")
CONTEXT = {"realm": "north", "shard": "7"}
WAIVERS: set[str] = set()
"""
type SignIn = Callable[[User], Client]


@pytest.fixture
def curious(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    """The provider in the two files, added to the catalogue and played."""
    for package, name, text in (("shelf", "curious", SHEET), ("shelf_tests", "test_curious", FACTS)):
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    more = {**catalog.all_providers(), **catalog.load([str(tmp_path / "shelf")], "shelf")}
    monkeypatch.setattr(catalog, "all_providers", lambda: more)
    sync_catalog()
    facts = importlib.import_module("shelf_tests.test_curious")
    with running(Played(provider=catalog.get("curious"), facts=facts)) as provider:
        integration = provider.play()
        integration.client_id = CLIENT[0]
        vault.seal(integration, "client_secret", CLIENT[1])
        integration.save()
        yield provider
    for name in [name for name in sys.modules if name.startswith("shelf")]:
        del sys.modules[name]


@pytest.fixture
def connection(curious: Played, client_for: SignIn, owner: User) -> Connection:
    """Connected as people do it."""
    page = dance.connect(client_for(owner), curious)
    assert page.status_code == 200, page.text
    found: Connection = Connection.everyone.select_related("integration").get()
    return found


def test_it_is_on_the_page_and_can_be_connected(connection: Connection, client_for: SignIn, owner: User) -> None:
    assert "Curious" in client_for(owner).get("/connections").text
    assert (connection.account_id, connection.display_name) == ("o1", "Ada")
    assert connection.context == {"realm": "north", "shard": "7"}
    assert connection.granted_scopes == ["read", "all", "offline"]
    assert (connection.missing_scopes, connection.metadata["shop"]) == ([], "corner")


def test_its_quirks_are_spoken(connection: Connection, curious: Played) -> None:
    (sent,) = curious.asked_of(curious.path("authorize_url"))
    assert sent.query["user_scope"] == "read;write;offline"
    assert "scope" not in sent.query
    assert connection.api_url == f"{curious.url}/corner.curious.example.com/north"
    assert timedelta(minutes=119) < (connection.expires_at or timezone.now()) - timezone.now() < timedelta(hours=2)


def test_a_token_that_does_not_end_tells_tools_the_context(connection: Connection) -> None:
    connection.expires_at = None
    assert variables.of(connection) == {"CURIOUS_REALM": "north"}


def test_it_is_renewed_and_given_up(connection: Connection, curious: Played) -> None:
    connection.expires_at = timezone.now()
    connection.save()
    assert credentials.fresh_token(connection).access_token == "curious-2"
    vars(curious.facts)["TOKEN_ANSWER"] = curious.fact("REFRESH_ANSWER")
    journey.disconnect(connection)
    assert curious.alive == set()
