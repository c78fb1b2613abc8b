"""What must be known before one signs in: asked in the window, checked, and kept across a failure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from connections import asks, byok, catalog, vault
from connections.catalog import Ask
from connections.models import ConnectAttempt, Connection, Integration
from tenants.models import Tenant, User
from tests.connections import dance
from tests.played import CLIENT, Played
from tests.simulator import running

type SignIn = Callable[[User], Client]
WINDOW = "/connections/connect/salesforce"


@pytest.fixture
def provider(db: None) -> Iterator[Played]:
    """Salesforce, which has to know where people sign in."""
    with running(dance.played("salesforce")) as played:
        integration = played.play()
        integration.client_id = CLIENT[0]
        vault.seal(integration, "client_secret", CLIENT[1])
        integration.save()
        yield played


@pytest.fixture
def ada(client_for: SignIn, owner: User) -> Client:
    """The owner's browser."""
    return client_for(owner)


def test_the_window_asks_with_what_is_usual(ada: Client, provider: Played) -> None:
    page = ada.get(WINDOW).text
    assert 'name="ask-domain" value="login"' in page
    assert ".salesforce.com</span>" in page
    assert "Continue to Salesforce" in page


def test_what_is_typed_leads_to_that_host(ada: Client, provider: Played) -> None:
    answer = ada.post(
        WINDOW, {"sign-in": "", "ask-domain": "https://Acme.my.salesforce.com/home"}, query_params={"state": "s"}
    )
    address = urlsplit(answer.headers["Location"])
    assert (address.path, parse_qs(address.query)) == (
        "/api/oauth/salesforce/authorize",
        {"state": ["s"], "ask-domain": ["acme.my"]},
    )
    away = ada.get(answer.headers["Location"]).headers["Location"]
    assert away.startswith(f"{provider.url}/acme.my.salesforce.com/")


@pytest.mark.parametrize("typed", ["", "evil.org", "acme.my.salesforce.com.evil.org", "a/b", "x" * 200])
def test_what_does_not_look_right_is_said_at_the_field(typed: str, ada: Client, provider: Played) -> None:
    page = ada.post(WINDOW, {"sign-in": "", "ask-domain": typed})
    assert page.status_code == 422
    assert 'id="id_ask-domain_error"' in page.text
    assert f'value="{typed}"' in page.text or not typed
    assert not ConnectAttempt.everyone.exists()


def test_an_address_with_something_else_leads_to_the_question(ada: Client, provider: Played) -> None:
    answer = ada.get("/api/oauth/salesforce/authorize", {"ask-domain": "evil.org", "state": "s"})
    assert answer.headers["Location"].startswith(f"{WINDOW}?")
    page = ada.get(answer.headers["Location"]).text
    assert 'value="evil.org"' in page
    assert not ConnectAttempt.everyone.exists()


def test_without_an_answer_the_usual_one_counts(ada: Client, provider: Played) -> None:
    away = ada.get("/api/oauth/salesforce/authorize").headers["Location"]
    assert away.startswith(f"{provider.url}/login.salesforce.com/")


def test_what_was_typed_is_there_again_after_a_failure(ada: Client, provider: Played) -> None:
    provider.api_status = 503
    page = dance.connect(ada, provider)
    (again,) = [part for part in page.text.split('"') if part.startswith(f"{WINDOW}?")]
    domain = provider.asked_of_people["domain"]
    assert f'value="{domain}"' in ada.get(again.replace("&amp;", "&")).text


def test_reconnecting_does_not_ask_again(ada: Client, provider: Played) -> None:
    dance.connect(ada, provider)
    row = Connection.everyone.get()
    away = ada.get("/api/oauth/salesforce/authorize", {"connection": str(row.pk)}).headers["Location"]
    assert away.startswith(f"{provider.url}/{row.metadata['domain']}.salesforce.com/")
    assert f'value="{row.metadata["domain"]}"' in ada.get(WINDOW, {"connection": str(row.pk)}).text


@pytest.fixture
def keyed(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    """OpenAI, if each of its regions had a host."""
    region = Ask(name="region", label="Region", pattern="eu|us", looks="eu or us", default="us")
    sheet = replace(catalog.get("openai"), asks=(region,), api_url="https://{region}.openai.com")
    more = {**catalog.all_providers(), "openai": sheet}
    monkeypatch.setattr(catalog, "all_providers", lambda: more)
    facts = dance.facts_of("openai")
    monkeypatch.setattr(facts, "ASKED", {"region": "eu"}, raising=False)
    with running(Played(provider=sheet, facts=facts)) as played:
        played.play()
        yield played


def test_it_is_asked_beside_a_key_too(ada: Client, keyed: Played) -> None:
    assert 'name="region" value="us"' in ada.get("/connections/connect/openai").text
    assert dance.connect(ada, keyed).status_code == 200
    row = Connection.everyone.get()
    assert (row.metadata["region"], row.api_url) == ("eu", f"{keyed.url}/eu.openai.com")
    byok.retest(row)
    assert {asked.path.split("/")[1] for asked in keyed.asked} == {"eu.openai.com"}


def test_a_key_beside_a_wrong_one_is_not_tried(ada: Client, keyed: Played) -> None:
    page = ada.post("/connections/connect/openai", keyed.fact("PASTED") | {"region": "evil.org"})
    assert (page.status_code, "It should be eu or us." in page.text) == (422, True)
    assert keyed.asked == []


def test_composio_asks_by_itself(provider: Played) -> None:
    row = Integration.objects.get(slug="salesforce")
    assert asks.are_needed(row)
    assert not asks.are_needed(Integration.objects.get(slug="notion"))


def test_what_was_typed_is_the_tenants_own(
    ada: Client, provider: Played, other_tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    theirs = make_connection(other_tenant, "salesforce", metadata={"domain": "secretive.my"})
    assert "secretive" not in ada.get(WINDOW, {"connection": str(theirs.pk)}).text
