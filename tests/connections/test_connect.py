"""The dance over HTTP: authorise, come back, be stored; and everything that must not get through."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from connections import connect, intents, signals, vault
from connections.errors import ConnectError
from connections.intents import Intent
from connections.models import ConnectAttempt, Connection, Integration
from deployments.bindings import bind
from deployments.models import App
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.connections.dance import posted
from tests.simulator import Simulator

SignIn = Callable[[User], Client]
CODE = "code-that-must-not-be-kept"


def _leave(client: Client, slug: str = "notion", **query: str) -> dict[str, str]:
    """Follow the authorize URL; returns what the provider was asked."""
    answer = client.get(f"/api/oauth/{slug}/authorize", query)
    assert answer.status_code == 302, answer.content
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def _return(client: Client, slug: str = "notion", **query: str) -> Any:
    return client.get(f"/api/oauth/{slug}/callback", query)


def _connect(client: Client, slug: str = "notion", **query: str) -> Any:
    asked = _leave(client, slug, **query)
    return _return(client, slug, code=CODE, state=asked["state"])


def _refused(answer: Any, code: str) -> None:
    """The page says so in words, offers another try, and the opener hears the code."""
    messages, _ = posted(answer)
    assert [(m["type"], m["code"]) for m in messages] == [("vendo:oauth:error", code)]
    assert messages[0]["detail"] and answer.status_code == 400
    assert "Try again" in answer.text
    assert not Connection.everyone.exists()


def test_denying_is_not_an_error_of_ours(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    answer = _return(client, state=_leave(client)["state"], error="access_denied")
    _refused(answer, "access_denied")
    assert "Nothing was connected" in answer.text
    assert ConnectAttempt.everyone.get().outcome == "access_denied"


def test_what_the_provider_says_goes_to_the_opener_if_it_is_a_code(
    client_for: SignIn, owner: User, provider: Simulator
) -> None:
    client = client_for(owner)
    _refused(_return(client, state=_leave(client)["state"], error="temporarily_unavailable"), "temporarily_unavailable")
    _refused(_return(client, state=_leave(client)["state"], error="<script>alert(1)</script>"), "unknown_error")


def test_a_state_works_once(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    asked = _leave(client)
    cookies = dict(client.cookies)
    assert _return(client, code=CODE, state=asked["state"]).status_code == 200
    client.cookies.update(cookies)
    messages, _ = posted(_return(client, code=CODE, state=asked["state"]))
    assert messages[0]["code"] == "oauth_state_invalid"
    assert Connection.everyone.count() == 1
    assert ConnectAttempt.everyone.get().outcome == "connected"


def test_ten_minutes_are_the_limit(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    state = _leave(client)["state"]
    ConnectAttempt.everyone.update(expires_at=timezone.now() - timedelta(seconds=1))
    _refused(_return(client, code=CODE, state=state), "oauth_state_invalid")
    assert "ten minutes" in ConnectAttempt.everyone.get().detail


@pytest.mark.parametrize("query", [{}, {"code": CODE}, {"state": ""}])
def test_an_answer_without_state_is_incomplete(
    query: dict[str, str], client_for: SignIn, owner: User, provider: Simulator
) -> None:
    _refused(_return(client_for(owner), **query), "missing_params")


def test_an_answer_without_code_is_incomplete(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    _refused(_return(client, state=_leave(client)["state"]), "missing_params")


def test_an_unknown_state_is_refused(client_for: SignIn, owner: User, provider: Simulator) -> None:
    _refused(_return(client_for(owner), code=CODE, state="x" * 43), "oauth_state_invalid")


def test_a_state_of_another_provider_is_refused(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    _refused(_return(client, "googledrive", code=CODE, state=_leave(client, "notion")["state"]), "oauth_state_invalid")


def test_the_browser_must_hold_the_attempts_cookie(client_for: SignIn, owner: User, provider: Simulator) -> None:
    state = _leave(client_for(owner))["state"]
    # The same person in another browser: what an attacker gets a victim to open.
    _refused(_return(client_for(owner), code=CODE, state=state), "oauth_state_invalid")
    assert ConnectAttempt.everyone.get().used_at is None


def test_a_forged_cookie_does_not_do(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    state = _leave(client)["state"]
    (name,) = [name for name in client.cookies if name.startswith("vendo_attempt_")]
    client.cookies[name] = "forged"
    _refused(_return(client, code=CODE, state=state), "oauth_state_invalid")


def test_the_cookie_goes_to_the_callback_only(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    _leave(client)
    (cookie,) = [cookie for name, cookie in client.cookies.items() if name.startswith("vendo_attempt_")]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/api/oauth/notion/callback", "Lax", True)
    assert cookie["max-age"] == 600


def test_another_person_in_the_same_browser_is_refused(
    client_for: SignIn, owner: User, member: User, provider: Simulator
) -> None:
    client = client_for(owner)
    state = _leave(client)["state"]
    cookies = {name: cookie for name, cookie in client.cookies.items() if name.startswith("vendo_attempt_")}
    client.force_login(member)
    client.cookies.update(cookies)
    _refused(_return(client, code=CODE, state=state), "oauth_state_invalid")


def test_an_answer_from_another_issuer_is_refused(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    asked = _leave(client)
    _refused(_return(client, code=CODE, state=asked["state"], iss="https://evil.example"), "oauth_state_invalid")
    asked = _leave(client)
    assert _return(client, code=CODE, state=asked["state"], iss=provider.url).status_code == 200


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_provider_in_trouble_during_the_exchange(
    status: int, client_for: SignIn, owner: User, provider: Simulator
) -> None:
    provider.token_status = status
    _refused(_connect(client_for(owner)), "oauth_exchange_failed")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("invalid_grant", "oauth_exchange_failed"),
        ("invalid_client", "oauth_exchange_failed"),
        ("redirect_uri_mismatch", "redirect_uri_mismatch"),
    ],
)
def test_a_refused_exchange(error: str, code: str, client_for: SignIn, owner: User, provider: Simulator) -> None:
    provider.tokens, provider.token_status = [{"error": error, "error_description": "secret-detail"}], 400
    answer = _connect(client_for(owner))
    _refused(answer, code)
    assert "secret-detail" not in answer.text


def test_an_address_that_the_provider_does_not_know_is_named(
    client_for: SignIn, owner: User, provider: Simulator
) -> None:
    provider.tokens, provider.token_status = [{"error": "redirect_uri_mismatch"}], 400
    page = _connect(client_for(owner)).text
    assert "Notion does not know our callback address. An admin must register" in page
    assert "/api/oauth/notion/callback there." in page


def test_an_account_that_cannot_be_identified_leaves_no_half_connection(
    client_for: SignIn, owner: User, provider: Simulator
) -> None:
    provider.api_status = 500
    _refused(_connect(client_for(owner), "googledrive"), "context_discovery_failed")


def test_a_failure_above_leaves_no_half_connection(client_for: SignIn, owner: User, provider: Simulator) -> None:
    from django.db import IntegrityError

    def fail(**kwargs: object) -> None:
        raise IntegrityError("binding")

    signals.connected.connect(fail)
    try:
        _refused(_connect(client_for(owner)), "db_insert_failed")
    finally:
        signals.connected.disconnect(fail)


def test_the_same_account_again_renews_the_connection_in_place(
    client_for: SignIn, owner: User, provider: Simulator
) -> None:
    client = client_for(owner)
    _connect(client)
    provider.tokens = [{**provider.tokens[0], "access_token": "access-2"}]
    _connect(client)
    assert vault.reveal(Connection.everyone.get(), "credential") == "access-2"


def test_another_account_is_another_connection(client_for: SignIn, owner: User, provider: Simulator) -> None:
    client = client_for(owner)
    _connect(client)
    provider.tokens = [{**provider.tokens[0], "bot_id": "bot-2"}]
    _connect(client)
    assert Connection.everyone.count() == 2


def test_reconnecting_keeps_id_and_name(
    client_for: SignIn, owner: User, tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    old = make_connection(tenant, "notion", status="needs_reauth", account_id="bot-1", display_name="My name for it")
    _connect(client_for(owner), connection=str(old.pk))
    old.refresh_from_db()
    assert (old.status, old.display_name) == ("active", "My name for it")
    assert vault.reveal(old, "credential") == "access-1"
    assert Connection.everyone.count() == 1


def test_apps_hear_that_a_connection_works_again(
    client_for: SignIn, owner: User, tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    old = make_connection(tenant, "notion", status="needs_reauth", account_id="bot-1")
    project = create_project(tenant, "Laptop")
    bind(project, old)
    _connect(client_for(owner), connection=str(old.pk))
    _connect(client_for(owner))
    told = [(event.kind, event.payload.get("status")) for event in project.events.all()]
    again = ("connection.connected", None)
    assert told == [again, ("connection.status_changed", "connected"), again, again]


def test_reconnecting_as_somebody_else_is_refused_and_nothing_changes(
    client_for: SignIn, owner: User, tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    old = make_connection(tenant, "notion", status="needs_reauth", account_id="bot-9", display_name="Grace")
    messages, _ = posted(_connect(client_for(owner), connection=str(old.pk)))
    assert messages[0]["code"] == "context_discovery_failed"
    assert "Grace" in messages[0]["detail"]
    old.refresh_from_db()
    assert old.status == "needs_reauth"


def test_who_may_start(client_for: SignIn, browser: Client, viewer: User, stranger: User, provider: Simulator) -> None:
    assert (
        browser.get("/api/oauth/notion/authorize").headers["Location"].startswith("/accounts/login/?next=/api/oauth/")
    )
    assert client_for(viewer).get("/api/oauth/notion/authorize").status_code == 403
    _leave(client_for(stranger))
    assert ConnectAttempt.everyone.get().tenant.slug == "globex"


def test_programs_hear_what_is_wrong_as_json(client: Client, owner: User, notion: Integration) -> None:
    assert (client.get("/api/oauth/notion/authorize").status_code) == 401
    assert client.get("/api/oauth/notion/authorize").json() == {"error": "unauthorized"}
    client.force_login(owner)
    assert client.get("/api/oauth/nothere/authorize").json() == {"error": "provider_unknown"}
    Integration.objects.update(client_id="")
    answer = client.get("/api/oauth/notion/authorize")
    assert (answer.status_code, answer.json()) == (500, {"error": "oauth_client_config_missing"})


def test_people_hear_the_same_in_words(client_for: SignIn, owner: User, notion: Integration) -> None:
    client = client_for(owner)
    assert "not available" in client.get("/api/oauth/nothere/authorize").text
    assert "not available" in client.get("/connections/connect/nothere").text
    Integration.objects.update(client_id="")
    assert "not set up yet" in client.get("/api/oauth/notion/authorize").text


def test_a_switched_off_provider_is_unknown(client_for: SignIn, owner: User, provider: Simulator) -> None:
    Integration.objects.filter(slug="notion").update(enabled=False)
    assert client_for(owner).get("/api/oauth/notion/authorize").status_code == 404


def test_the_connect_page_says_what_will_be_allowed(client_for: SignIn, owner: User, provider: Simulator) -> None:
    page = client_for(owner).get("/connections/connect/googledrive").text
    assert "See and download all your Google Drive files" in page
    assert "/api/oauth/googledrive/authorize" in page


def test_an_account_that_cannot_be_used_after_all_is_said_so(
    client_for: SignIn,
    owner: User,
    tenant: Tenant,
    make_connection: Callable[..., Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def taken(*_: object, **__: object) -> None:
        raise ConnectError("db_insert_failed", "It serves another tool already.")

    monkeypatch.setattr(connect, "choose", taken)
    app = App.everyone.create(tenant=tenant, name="Project")
    address = f"/connections/connect/notion?intent={intents.sign(Intent('app', str(app.pk)))}"
    answer = client_for(owner).post(address, {"connection": make_connection(tenant, "notion").pk})
    assert (answer.status_code, "It serves another tool already." in answer.text) == (409, True)


def test_a_changed_intent_is_refused(client_for: SignIn, owner: User, provider: Simulator) -> None:
    for path in ("/connections/connect/notion", "/api/oauth/notion/authorize"):
        assert client_for(owner).get(path, {"intent": "forged"}).status_code == 403


def test_disconnecting_wipes_and_tells_the_provider(
    client_for: SignIn, owner: User, tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    connection = make_connection(tenant, "googledrive", refresh_token="refresh-0")
    client_for(owner).post(f"/connections/{connection.pk}/disconnect")
    connection.refresh_from_db()
    assert (connection.status, connection.credential, connection.refresh_token) == ("revoked", None, None)
    assert provider.asked_of("/revoke")[0].body["token"] == "refresh-0"


def test_a_token_that_was_renewed_since_the_page_was_read_is_the_one_given_up(
    tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    connection = make_connection(tenant, "googledrive", refresh_token="refresh-0")
    renewed = Connection.everyone.get(pk=connection.pk)
    vault.seal(renewed, "refresh_token", "refresh-1")
    renewed.save()
    connect.disconnect(connection)
    assert provider.asked_of("/revoke")[0].body["token"] == "refresh-1"


def test_secrets_that_do_not_open_can_still_be_disconnected(
    client_for: SignIn, owner: User, tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    connection = make_connection(tenant, "notion")
    Connection.everyone.filter(pk=connection.pk).update(credential="v1.lost.AAAA")
    client_for(owner).post(f"/connections/{connection.pk}/disconnect")
    connection.refresh_from_db()
    assert (connection.status, connection.credential) == ("revoked", None)


@pytest.mark.parametrize("broken", ["revoke_status", "gone"])
def test_a_provider_that_cannot_be_told_does_not_stop_a_disconnect(
    broken: str,
    client_for: SignIn,
    owner: User,
    provider: Simulator,
    make_connection: Callable[..., Connection],
) -> None:
    connection = make_connection(Tenant.objects.get(), "notion")
    provider.revoke_status = 503
    if broken == "gone":
        connection.integration.endpoint_overrides["revoke_url"] = "http://127.0.0.1:1/"
        connection.integration.save()
    client_for(owner).post(f"/connections/{connection.pk}/disconnect")
    connection.refresh_from_db()
    assert connection.credential is None


def test_testing_a_connection_asks_the_provider(
    client_for: SignIn, owner: User, tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    connection, client = make_connection(tenant, "notion"), client_for(owner)
    assert "the connection works" in client.post(f"/connections/{connection.pk}/test", follow=True).text
    assert provider.asked_of("/v1/users/me")[0].bearer == "secret-notion-token"
    provider.api_status = 401
    assert "Reconnect" in client.post(f"/connections/{connection.pk}/test", follow=True).text
    connection.refresh_from_db()
    assert connection.status == "needs_reauth"


def test_testing_while_the_provider_is_down_condemns_nothing(
    client_for: SignIn, owner: User, tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]
) -> None:
    connection = make_connection(tenant, "notion")
    provider.api_status = 503
    assert "having trouble" in client_for(owner).post(f"/connections/{connection.pk}/test", follow=True).text
    connection.refresh_from_db()
    assert connection.status == "active"
