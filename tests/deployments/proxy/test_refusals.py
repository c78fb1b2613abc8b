"""What the proxy refuses, always in the envelope, and what a stranger learns: nothing."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from connections import catalog
from connections.connect import disconnect
from connections.models import Connection, Integration
from deployments import keys, proxy_door
from deployments.models import App
from deployments.projects import create_project
from tenants.models import Tenant
from tests.deployments.proxy.asking import TOKEN, Ask, refused, request
from tests.servers import Upstream, answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
type MakeConnection = Callable[..., Connection]


@pytest.mark.parametrize("sent", [("accept", "*/*"), ("x_api_key", "nonsense"), ("authorization", "Basic dmVuZG8=")])
def test_without_a_key_there_is_nothing(sent: tuple[str, str], door: str, api: Upstream) -> None:
    refused(request(door, "GET", "/proxy/notion/v1/pages", None, **dict([sent])), 401, "app_unknown")
    assert api.seen == []


def test_keys_that_ended_say_so(ask: Ask, project: App, api: Upstream) -> None:
    gone, text = keys.mint(project, "gone")
    keys.revoke(gone)
    refused(ask(x_api_key=text), 401, "app_revoked")
    _, text = keys.mint(project, "old", expires_at=timezone.now() - timedelta(seconds=1))
    refused(ask(authorization=f"Bearer {text}"), 401, "app_expired")
    assert api.seen == []


def test_a_key_revoked_now_fails_at_the_next_request(ask: Ask, project: App) -> None:
    key, text = keys.mint(project, "short")
    assert ask(x_api_key=text)[0] == 200
    keys.revoke(key)
    refused(ask(x_api_key=text), 401, "app_revoked")


def test_too_many_bad_keys_are_told_to_wait(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.front_door.FAILURES", 2)
    for _ in range(2):
        refused(ask(x_api_key="bad"), 401, "app_unknown")
    assert refused(ask(x_api_key="bad"), 429, "rate_limited")["retry_after"] > 0
    assert ask()[0] == 200


def test_what_is_not_connected_says_where_to_connect_it(door: str, app_key: str, project: App, api: Upstream) -> None:
    error = refused(request(door, "GET", "/proxy/notion/x", x_api_key=app_key), 403, "binding_missing")
    assert error["slug"] == "notion"
    assert error["connect_url"].endswith(f"/connections/connect/notion?app={project.pk}")


def test_what_was_disconnected_says_so(ask: Ask) -> None:
    Connection.everyone.update(status="revoked")
    assert "connect_url" in refused(ask(), 403, "connection_revoked")


def test_what_needs_a_person_says_so(ask: Ask, api: Upstream) -> None:
    Connection.everyone.update(status="needs_reauth")
    assert "connect_url" in refused(ask(), 401, "connection_needs_reauth")
    assert api.seen == []


@pytest.mark.parametrize("slug", ["nothing", "composio"])
def test_unknown_providers(slug: str, door: str, app_key: str) -> None:
    refused(request(door, "POST", f"/proxy/{slug}/v1/execute", b"{}", x_api_key=app_key), 404, "provider_unknown")


def test_a_provider_that_was_switched_off_is_unknown(ask: Ask) -> None:
    Integration.objects.filter(slug="notion").update(enabled=False)
    refused(ask(), 404, "provider_unknown")


@pytest.mark.parametrize("slug", ["No%20tion", "a@b", "..", "%2e%2e", "_bulk", "a" * 60, "", "a:1"])
def test_what_can_be_no_slug(slug: str, door: str, app_key: str) -> None:
    refused(request(door, "GET", f"/proxy/{slug}/x", x_api_key=app_key), 400, "validation_failed")


def test_a_provider_that_is_not_proxied_says_what_to_do(
    ask: Ask, api: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    get = catalog.get
    monkeypatch.setattr(catalog, "get", lambda slug: replace(get(slug), proxy=None))
    assert "/credentials/notion" in refused(ask(), 400, "validation_failed")["suggested_fix"]
    assert api.seen == []


def test_the_bare_address_leads_nowhere(door: str, app_key: str) -> None:
    refused(request(door, "GET", "/proxy", x_api_key=app_key), 404, "not_found")


def test_one_key_does_not_take_all_the_room(ask: Ask, api: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_door, "AT_ONCE", 0)
    assert refused(ask(), 429, "rate_limited")["retry_after"] == 1


# --- whose connection -------------------------------------------------------------------------------------------------


def test_a_connection_key_opens_its_one_connection(
    door: str, connection: Connection, api: Upstream, googledrive: Integration
) -> None:
    _, text = keys.mint_for_connection(connection, "one")
    assert request(door, "GET", "/proxy/notion/x", x_api_key=text)[0] == 200
    refused(request(door, "GET", "/proxy/googledrive/x", x_api_key=text), 403, "binding_missing")


def test_a_connection_may_be_named_if_it_is_the_apps(
    ask: Ask, connection: Connection, api: Upstream, make_connection: MakeConnection
) -> None:
    spare = make_connection(connection.tenant, "notion", token="spare")
    for name in (str(connection.pk), connection.external_id):
        assert ask(x_vendo_connection=name)[0] == 200
    for name in (str(spare.pk), spare.external_id, "nonsense"):
        refused(ask(x_vendo_connection=name), 403, "binding_missing")
    assert len(api.seen) == 2


def test_another_tenants_key_gets_nothing_and_learns_nothing(
    ask: Ask, connection: Connection, other_tenant: Tenant, api: Upstream
) -> None:
    _, theirs = keys.mint(create_project(other_tenant, "Theirs"), "theirs")
    answers = [
        ask(x_api_key=theirs, x_vendo_connection=name)[2]
        for name in (str(connection.pk), connection.external_id, "00000000-0000-4000-8000-000000000000", "nonsense")
    ]
    assert len(set(answers)) == 1
    refused(ask(x_api_key=theirs), 403, "binding_missing")
    assert api.seen == []


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_nothing_secret_is_logged_or_answered(
    ask: Ask, api: Upstream, app_key: str, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [ask(path="/../x"), ask(path="/v1?q=1"), ask("TRACE"), ask(x_vendo_connection="none")]
    api.reply = lambda seen, handler: answer(handler, 401)
    said.append(ask())
    Integration.objects.filter(slug="notion").update(endpoint_overrides={"api_url": "http://127.0.0.1:1"})
    said.append(ask())
    disconnect(connection)
    said.append(ask())
    text = caplog.text + str([(status, headers.items(), body) for status, headers, body in said])
    assert TOKEN not in text
    assert app_key not in text


@pytest.mark.parametrize("where", ["path", "query", "escaped", "header"])
def test_a_key_that_is_repeated_elsewhere_does_not_reach_the_provider(
    where: str, door: str, app_key: str, connection: Connection, api: Upstream
) -> None:
    escaped = app_key.replace("_", "%5F")
    path = {"path": f"/v1/{app_key}", "query": f"/v1?key={app_key}", "escaped": f"/v1?key={escaped}"}.get(where, "/v1")
    more = {"referer": f"https://tool.example/?k={app_key}"} if where == "header" else {}
    answered = request(door, "GET", f"/proxy/notion{path}", None, authorization=f"Bearer {app_key}", **more)
    assert app_key not in refused(answered, 400, "validation_failed")["message"]
    assert api.seen == []


def test_a_body_in_another_transfer_encoding_is_refused(ask: Ask, api: Upstream) -> None:
    refused(ask(transfer_encoding="gzip, chunked"), 400, "validation_failed")
    assert api.seen == []
