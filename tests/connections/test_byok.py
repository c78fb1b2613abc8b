"""Keys that people paste: every provider of the catalogue that takes some is tried, refused, replaced and given up."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections import byok, intents, provider_api, variables, vault
from connections.intents import Intent
from connections.models import ConnectAttempt, Connection
from deployments import bindings
from deployments.models import App, Event
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.connections.dance import posted
from tests.connections.keyed import SLUGS, Keyed, Sent
from tests.simulator import simulated

SignIn = Callable[[User], Client]


@pytest.fixture(params=SLUGS)
def keyed(request: pytest.FixtureRequest, db: None) -> Iterator[Keyed]:
    with simulated() as simulator:
        yield Keyed(request.param, simulator)


@pytest.fixture
def ada(client_for: SignIn, owner: User) -> Client:
    """The owner's browser."""
    return client_for(owner)


def refused(answer: Sent, sentence: str) -> None:
    """The form is there again and says so, nothing is stored, and nobody is told of a connection."""
    assert (answer.status_code, sentence in answer.text) == (422, True), answer.text
    assert "connect-result" not in answer.text
    assert not Connection.everyone.exists()
    assert not Event.everyone.exists()


# --- connecting -------------------------------------------------------------------------------------------------------


def test_the_window_asks_for_the_key_and_says_where_it_is(ada: Client, keyed: Keyed) -> None:
    page = ada.get(f"/connections/connect/{keyed.slug}").text
    assert f'type="password" name="{keyed.key.token.name}"' in page
    assert f'href="{keyed.key.keys_url}"' in page
    assert "Continue to" not in page


def test_a_key_that_works_is_connected_and_announced(ada: Client, keyed: Keyed) -> None:
    messages, origin = posted(keyed.paste(ada, state="opener-state"))
    connection = Connection.everyone.get()
    assert (connection.profile, connection.status) == ("byok_static", "active")
    assert origin == "http://localhost:8000"
    assert [message["type"] for message in messages] == ["vendo:connection-completed", "vendo:oauth:done"]
    assert messages[0]["connectionId"] == messages[1]["connection_id"] == str(connection.pk)
    assert {message["state"] for message in messages} == {"opener-state"}


def test_a_key_is_pasted_as_it_comes(ada: Client, keyed: Keyed) -> None:
    posted(keyed.paste(ada, f'  "{keyed.token}"\n'))
    assert vault.reveal(Connection.everyone.get(), "credential") == keyed.token


def test_a_tool_gets_the_variables_that_the_data_sheet_declares(ada: Client, keyed: Keyed) -> None:
    found = variables.of(keyed.connected(ada))
    assert found == keyed.variables
    assert all(found.values())


def test_nothing_of_a_key_is_logged_shown_or_kept_in_the_clear(
    ada: Client, keyed: Keyed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = keyed.token[::-1]
    shown = keyed.paste(ada, wrong).text + keyed.paste(ada).text
    connection = Connection.everyone.get()
    shown += ada.get(f"/connections/{connection.pk}").text + ada.get("/connections").text
    shown += keyed.paste(ada, wrong, connection=str(connection.pk)).text
    rows = [str(row) for model in (Connection, ConnectAttempt, Event) for row in model._base_manager.values()]
    made = variables.further_secrets(connection).values()
    for secret in (wrong, keyed.token, *made):
        assert secret not in shown + caplog.text + "".join(rows)


def test_an_attempt_is_kept_for_operators(ada: Client, keyed: Keyed, owner: User) -> None:
    keyed.paste(ada, "wrong")
    connection = keyed.connected(ada)
    bad, good = ConnectAttempt.everyone.order_by("created_at")
    assert (bad.outcome, bad.user, bad.connection) == ("key_refused", owner, None)
    assert (good.outcome, good.connection, good.profile) == ("connected", connection, "byok_static")


# --- keys that are not taken ------------------------------------------------------------------------------------------


def test_a_wrong_key_says_what_to_do_and_then_the_right_one_works(ada: Client, keyed: Keyed) -> None:
    refused(keyed.paste(ada, "wrong-key"), f"does not know this {keyed.key.token.noun}. A real one {keyed.key.looks}")
    assert keyed.connected(ada).status == "active"


def test_one_that_looks_right_may_have_been_deleted(ada: Client, keyed: Keyed) -> None:
    keyed.takes()
    refused(keyed.paste(ada), "It may have been deleted there: make a new one")


def test_what_a_key_works_without_may_be_left_out(ada: Client, keyed: Keyed) -> None:
    keyed.pasted = {field.name: keyed.pasted[field.name] for field in keyed.key.fields if field.required}
    assert set(variables.further_secrets(keyed.connected(ada))) <= {*keyed.pasted, *keyed.key.made}


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "Paste the "), ("two words", "Copy nothing else"), ("kéy", "Copy")]
)
def test_what_is_no_key_is_not_sent(ada: Client, keyed: Keyed, text: str, sentence: str) -> None:
    refused(keyed.paste(ada, text), sentence)
    assert not keyed.simulator.asked


def test_no_key_leads_to_another_address(ada: Client, keyed: Keyed) -> None:
    refused(keyed.paste(ada, "../../elsewhere?x=1#y"), "does not know this")
    assert all(".." not in asked.path.replace("..%2F", "") for asked in keyed.simulator.asked)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(500, "having trouble"), (503, "having trouble"), (429, "asks us to wait 30 seconds"), (418, "answered 418")],
)
def test_a_provider_that_is_unwell_is_not_the_keys_fault(ada: Client, keyed: Keyed, status: int, sentence: str) -> None:
    keyed.simulator.api_status = status
    refused(keyed.paste(ada), sentence)
    refused(keyed.paste(ada), "could not be tried, so nothing was stored")


def test_a_key_that_may_not_enough_says_what_it_lacks(ada: Client, keyed: Keyed) -> None:
    keyed.simulator.api_status = 403
    refused(keyed.paste(ada), f"knows this {keyed.key.token.noun}, but it may not do enough. {_needs(keyed)}")


def _needs(keyed: Keyed) -> str:
    return f"It must be allowed to {keyed.key.needs}." if keyed.key.needs else "Change that"


def test_a_provider_that_is_silent_does_not_hold_the_window(
    ada: Client, keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_api, "CALL", 0.3)
    keyed.simulator.delay = 1.0
    refused(keyed.paste(ada), "did not answer in time")


def test_a_provider_that_talks_nonsense(ada: Client, keyed: Keyed) -> None:
    keyed.takes(keyed.token, answers=dict.fromkeys(keyed.paths, 0))
    refused(keyed.paste(ada), "gave an answer that can&#x27;t be read")


def test_keys_are_not_tried_by_the_dozen(
    ada: Client, keyed: Keyed, monkeypatch: pytest.MonkeyPatch, tenant: Tenant
) -> None:
    monkeypatch.setattr(byok, "TRIES", 2)
    for _ in range(2):
        refused(keyed.paste(ada, "wrong"), "does not know this")
    refused(keyed.paste(ada), "Too many keys were tried")
    ConnectAttempt.objects.of(tenant).update(created_at=timezone.now() - timedelta(minutes=11))
    assert keyed.connected(ada).live


# --- who may ----------------------------------------------------------------------------------------------------------


def test_a_viewer_may_not(client_for: SignIn, viewer: User, keyed: Keyed) -> None:
    assert keyed.paste(client_for(viewer)).status_code == 403
    assert not Connection.everyone.exists()


def test_the_signed_out_sign_in_first(browser: Client, keyed: Keyed) -> None:
    assert keyed.paste(browser).headers["Location"].startswith("/accounts/login/")
    assert not keyed.simulator.asked


def test_a_provider_that_was_switched_off(ada: Client, keyed: Keyed) -> None:
    keyed.integration.enabled = False
    keyed.integration.save()
    assert keyed.paste(ada).status_code == 404


def test_one_can_not_sign_in_there(ada: Client, keyed: Keyed) -> None:
    assert ada.get(f"/api/oauth/{keyed.slug}/authorize").status_code == 404


def test_a_strangers_connection_is_not_replaced(ada: Client, client_for: SignIn, stranger: User, keyed: Keyed) -> None:
    mine = keyed.connected(ada)
    keyed.paste(client_for(stranger), connection=str(mine.pk))
    theirs = Connection.everyone.exclude(pk=mine.pk).get()
    assert theirs.tenant != mine.tenant
    made = [{variables.further_secrets(row)[name] for name in keyed.key.made} for row in (mine, theirs)]
    assert made[0].isdisjoint(made[1])


# --- again, with another key, and no more -----------------------------------------------------------------------------


def test_the_same_key_is_connected_once(ada: Client, keyed: Keyed) -> None:
    first = keyed.connected(ada)
    assert keyed.connected(ada).pk == first.pk


def test_a_new_key_takes_the_old_ones_place(ada: Client, keyed: Keyed, tenant: Tenant) -> None:
    project = create_project(tenant, "Laptop")
    before = keyed.connected(ada)
    bindings.bind(project, before)
    made = variables.further_secrets(before)
    keyed.takes(new := keyed.token[:-4] + "0new")
    posted(keyed.paste(ada, new, connection=str(before.pk)))
    after = Connection.everyone.get()
    assert (after.pk, vault.reveal(after, "credential")) == (before.pk, new)
    assert variables.further_secrets(after) == made
    assert bindings.binding(project, keyed.slug)


def test_a_new_key_that_does_not_work_leaves_the_old_one(ada: Client, keyed: Keyed) -> None:
    before = keyed.connected(ada)
    assert keyed.paste(ada, "wrong", connection=str(before.pk)).status_code == 422
    assert vault.reveal(Connection.everyone.get(), "credential") == keyed.token


def test_a_key_that_is_no_longer_good_is_found_out_and_mended(ada: Client, keyed: Keyed) -> None:
    connection = keyed.connected(ada)
    keyed.takes()
    ada.post(f"/connections/{connection.pk}/test")
    page = ada.get(f"/connections/{connection.pk}").text
    assert f"no longer accepts this {keyed.key.token.noun}" in page
    assert "Needs a new key" in page
    keyed.takes(keyed.token)
    assert "the connection works" in ada.post(f"/connections/{connection.pk}/test", follow=True).text
    connection.refresh_from_db()
    assert (connection.status, connection.error_message) == ("active", "")


def test_a_provider_that_is_down_condemns_no_key(ada: Client, keyed: Keyed) -> None:
    connection = keyed.connected(ada)
    keyed.simulator.api_status = 503
    assert "having trouble" in ada.post(f"/connections/{connection.pk}/test", follow=True).text
    connection.refresh_from_db()
    assert connection.status == "active"


def test_a_disconnect_erases_the_key_and_leaves_it_alone_at_the_provider(ada: Client, keyed: Keyed) -> None:
    connection = keyed.connected(ada)
    asked = len(keyed.simulator.asked)
    assert "until you delete it there" in ada.get(f"/connections/{connection.pk}").text
    ada.post(f"/connections/{connection.pk}/disconnect")
    connection.refresh_from_db()
    assert (connection.status, connection.credential, connection.further_secrets) == ("revoked", None, None)
    assert {question.method for question in keyed.simulator.asked[asked:]} <= {"GET"}


# --- for an app -------------------------------------------------------------------------------------------------------


def _for(app: App) -> str:
    return intents.sign(Intent("app", str(app.pk)))


def test_a_key_that_is_pasted_for_an_app_is_bound_to_it(ada: Client, keyed: Keyed, tenant: Tenant) -> None:
    app = App.everyone.create(tenant=tenant, kind=App.Kind.DEPLOYMENT, name="Clock")
    connection = keyed.connected(ada, intent=_for(app))
    bound = bindings.binding(app, keyed.slug)
    assert bound and bound.connection == connection


def test_a_key_that_serves_another_app_alone_says_which(ada: Client, keyed: Keyed, tenant: Tenant) -> None:
    first = App.everyone.create(tenant=tenant, kind=App.Kind.DEPLOYMENT, name="First clock")
    second = App.everyone.create(tenant=tenant, kind=App.Kind.DEPLOYMENT, name="Second clock")
    keyed.connected(ada, intent=_for(first))
    answer = keyed.paste(ada, intent=_for(second))
    page = ada.get(f"/connections/connect/{keyed.slug}", {"intent": _for(second)}).text
    alone = keyed.integration.provider.exclusive
    assert (answer.status_code == 422) is alone
    assert ("serves First clock already" in answer.text) is alone
    assert ("In use by First clock" in page) is alone
    assert (bindings.binding(second, keyed.slug) is None) is alone
