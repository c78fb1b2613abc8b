"""What running tools get: tokens, and errors in the envelope (contract sections 1 to 3)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from connections import credentials
from connections.connect import disconnect
from connections.errors import CredentialError, ProfileUnsupported, ProviderError, ProviderRateLimited
from connections.models import Connection, Integration
from deployments import bindings, front_door, keys, vending
from deployments.models import ApiKey, App
from deployments.projects import create_project
from tenants.models import Tenant

pytestmark = pytest.mark.django_db
type MakeConnection = Callable[..., Connection]


@pytest.fixture
def connection(project: App, make_connection: MakeConnection) -> Connection:
    """Notion, bound to the project."""
    row = make_connection(project.tenant, "notion")
    bindings.bind(project, row)
    return row


@pytest.fixture
def tool(app_key: str, tool_client: Callable[[str], Client]) -> Client:
    """A program that uses the project's key."""
    return tool_client(app_key)


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check the envelope, whatever the cause; returns `error`."""
    assert response.status_code == status, response.content
    assert response.headers["Vendo-Error-Code"] == code
    assert response.headers["Cache-Control"] == "no-store"
    body = response.json()
    assert body["error"]["code"] == code
    assert body["detail"] == body["error"]["message"]
    error: dict[str, Any] = body["error"]
    return error


# --- one token --------------------------------------------------------------------------------------------------------


def test_the_token_of_the_bound_connection(tool: Client, connection: Connection) -> None:
    response = tool.get("/credentials/notion")
    assert response.status_code == 200
    assert response.json() == {"access_token": "secret-notion-token", "expires_at": None, "token_type": "Bearer"}
    assert response.headers["Cache-Control"] == "no-store"


def test_an_end_is_told_in_utc(tool: Client, connection: Connection) -> None:
    ends = datetime(2100, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    Connection.everyone.update(expires_at=ends)
    assert tool.get("/credentials/notion").json()["expires_at"] == "2100-01-02T03:04:05Z"


def test_the_usual_case_takes_two_queries(
    tool: Client, connection: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tool.get("/credentials/notion")  # notes the use
    with django_assert_num_queries(2):
        tool.get("/credentials/notion")


def test_whatever_else_a_client_sends_is_taken_or_ignored(
    app_key: str, connection: Connection, other_tenant: Tenant
) -> None:
    client = Client(
        enforce_csrf_checks=True,
        headers={
            "authorization": f"bearer {app_key}",
            "vendo-api-version": "2031-01-01",
            "x-vendo-user-jwt": "x.y.z",
            "idempotency-key": "1",
            "x-vendo-tenant-id": str(other_tenant.pk),
            "user-agent": "vendo-sdk/9",
        },
    )
    assert client.get("/credentials/notion").status_code == 200
    refused(client.post("/credentials/notion"), 405, "method_not_allowed")


def test_nothing_bound(tool: Client, project: App) -> None:
    error = refused(tool.get("/credentials/notion"), 403, "binding_missing")
    assert error["slug"] == "notion"
    assert error["connect_url"] == f"http://localhost:8000/connections/connect/notion?app={project.pk}"
    assert "Notion" in error["message"]


def test_a_connection_elsewhere_in_the_workspace_is_not_the_apps(tool: Client, make_connection: MakeConnection) -> None:
    make_connection(Tenant.objects.get(), "notion")
    refused(tool.get("/credentials/notion"), 403, "binding_missing")


def test_after_a_disconnect(tool: Client, connection: Connection) -> None:
    disconnect(connection)
    refused(tool.get("/credentials/notion"), 403, "binding_missing")


def test_a_connection_that_waits_for_a_sign_in(tool: Client, project: App, connection: Connection) -> None:
    credentials.mark_needs_reauth(connection, "Notion wants you to sign in again.")
    error = refused(tool.get("/credentials/notion"), 401, "connection_needs_reauth")
    assert error["connect_url"].endswith(f"/connections/connect/notion?app={project.pk}")
    assert error["message"] == "Notion wants you to sign in again."


def test_a_revoked_connection_that_is_still_bound(tool: Client, connection: Connection) -> None:
    Connection.everyone.update(status=Connection.Status.REVOKED)
    error = refused(tool.get("/credentials/notion"), 403, "connection_revoked")
    assert "connect_url" in error


def test_a_provider_nobody_knows(tool: Client) -> None:
    error = refused(tool.get("/credentials/nobody"), 404, "provider_unknown")
    assert "connect_url" not in error


def test_a_provider_that_was_switched_off(tool: Client, connection: Connection) -> None:
    Integration.objects.filter(slug="notion").update(enabled=False)
    refused(tool.get("/credentials/notion"), 404, "provider_unknown")


@pytest.mark.parametrize("slug", ["Notion", "no_tion", "_x", "a" * 40, "%00", "%0a", "%ff", "..", "a%20b", "ä"])
def test_a_malformed_slug(tool: Client, slug: str) -> None:
    refused(tool.get(f"/credentials/{slug}"), 400, "validation_failed")


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ProviderError("Notion is down. Try again."), 502),
        (ProviderRateLimited("Notion asks to wait.", 17), 429),
        (ProfileUnsupported("A connection of profile x has no token."), 500),
    ],
)
def test_what_goes_wrong_below(
    tool: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch, failure: CredentialError, status: int
) -> None:
    def fail(_: object) -> None:
        raise failure

    monkeypatch.setattr(vending, "fresh_token", fail)
    response = tool.get("/credentials/notion")
    error = refused(response, status, failure.code)
    assert error["message"] == str(failure)
    assert error["slug"] == "notion"
    assert "connect_url" not in error
    assert response.headers.get("Retry-After") == ("17" if status == 429 else None)


def test_the_current_binding_decides(tool: Client, project: App, make_connection: MakeConnection) -> None:
    old, new = (make_connection(project.tenant, "notion", token=text) for text in ("old", "new"))
    bindings.bind(project, old)
    bindings.bind(project, new)
    assert tool.get("/credentials/notion").json()["access_token"] == "new"


@pytest.mark.parametrize("field", ["pk", "external_id"])
def test_a_connection_can_be_picked_among_the_apps_own(tool: Client, connection: Connection, field: str) -> None:
    picked = {"x-vendo-connection": str(getattr(connection, field))}
    assert tool.get("/credentials/notion", headers=picked).status_code == 200


def test_no_other_connection_can_be_picked(
    tool: Client, connection: Connection, other_tenant: Tenant, make_connection: MakeConnection
) -> None:
    foreign = [make_connection(connection.tenant, "notion"), make_connection(other_tenant, "notion")]
    for identity in [*(str(row.pk) for row in foreign), "nonsense", "00000000-0000-0000-0000-000000000000"]:
        response = tool.get("/credentials/notion", headers={"x-vendo-connection": identity})
        refused(response, 403, "binding_missing")


# --- who may ask ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic eA==", "Bearer vendo_sk_short", "Bearer vendo_sk_" + "x" * 32, "Bearer a b"],
)
def test_without_a_known_key(connection: Connection, header: str) -> None:
    response = Client(headers={"authorization": header}).get("/credentials/notion")
    refused(response, 401, "app_unknown")


def test_a_session_is_no_key(connection: Connection, owner: Any, client_for: Callable[..., Client]) -> None:
    refused(client_for(owner).get("/credentials/notion"), 401, "app_unknown")


def test_a_revoked_key_fails_at_the_next_request(tool: Client, connection: Connection) -> None:
    assert tool.get("/credentials/notion").status_code == 200
    keys.revoke(ApiKey.everyone.get())
    refused(tool.get("/credentials/notion"), 401, "app_revoked")


def test_an_expired_key(tool: Client, connection: Connection) -> None:
    ApiKey.everyone.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused(tool.get("/credentials/notion"), 401, "app_expired")


def test_another_tenants_key_sees_what_a_new_app_sees(
    connection: Connection, other_tenant: Tenant, tool_client: Callable[[str], Client]
) -> None:
    theirs = create_project(other_tenant, "Theirs")
    client = tool_client(keys.mint(theirs, "theirs")[1])
    for picked in ({}, {"x-vendo-connection": str(connection.pk)}):
        error = refused(client.get("/credentials/notion", headers=picked), 403, "binding_missing")
        assert error["connect_url"].endswith(f"?app={theirs.pk}")
    assert client.get("/credentials/_bulk?slugs=notion").json() == {"tokens": {"notion": None}}


def test_a_connection_key_opens_its_connection_alone(
    tenant: Tenant, make_connection: MakeConnection, tool_client: Callable[[str], Client]
) -> None:
    mine = make_connection(tenant, "notion")
    make_connection(tenant, "googledrive")
    client = tool_client(keys.mint_for_connection(mine, "cron")[1])
    assert client.get("/credentials/notion").json()["access_token"] == "secret-notion-token"
    error = refused(client.get("/credentials/googledrive"), 403, "binding_missing")
    assert error["connect_url"] == "http://localhost:8000/connections/connect/googledrive"
    refused(client.get("/credentials/nobody"), 404, "provider_unknown")
    bulk = client.get("/credentials/_bulk?slugs=googledrive,notion").json()["tokens"]
    assert bulk["googledrive"] is None
    assert bulk["notion"]["access_token"] == "secret-notion-token"


def test_a_connection_key_outlives_its_connection_as_a_refusal(
    tenant: Tenant, make_connection: MakeConnection, tool_client: Callable[[str], Client]
) -> None:
    mine = make_connection(tenant, "notion")
    client = tool_client(keys.mint_for_connection(mine, "cron")[1])
    disconnect(mine)
    refused(client.get("/credentials/notion"), 403, "connection_revoked")


def test_who_guesses_is_slowed_down_and_who_knows_is_not(
    tool: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_door, "FAILURES", 3)
    monkeypatch.setattr("time.time", lambda: 1_000_000_030.0)
    guesser = Client(headers={"authorization": "Bearer vendo_sk_" + "x" * 32})
    for _ in range(3):
        refused(guesser.get("/credentials/notion"), 401, "app_unknown")
    response = guesser.get("/credentials/notion")
    error = refused(response, 429, "rate_limited")
    assert response.headers["Retry-After"] == str(error["retry_after"])
    assert 0 < error["retry_after"] <= 60
    assert tool.get("/credentials/notion").status_code == 200
    refused(guesser.get("/credentials/notion", REMOTE_ADDR="192.0.2.1"), 401, "app_unknown")


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
    ],
)
def test_addresses_that_count_together(address: str, counted_as: str) -> None:
    assert front_door._neighbourhood(address) == counted_as


# --- many tokens ------------------------------------------------------------------------------------------------------


def test_bulk_tells_each_in_the_order_asked(tool: Client, connection: Connection) -> None:
    response = tool.get("/credentials/_bulk?slugs=nobody,notion,googledrive,notion,")
    assert response.status_code == 200
    assert list(response.json()["tokens"].items()) == [
        ("nobody", None),
        ("notion", {"access_token": "secret-notion-token", "expires_at": None, "token_type": "Bearer"}),
        ("googledrive", None),
    ]
    assert response.headers["Cache-Control"] == "no-store"


def test_bulk_takes_two_queries_however_many(
    tool: Client,
    connection: Connection,
    make_connection: MakeConnection,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    bindings.bind(App.everyone.get(), make_connection(connection.tenant, "googledrive"))
    tool.get("/credentials/_bulk?slugs=notion")
    with django_assert_num_queries(2):
        found = tool.get("/credentials/_bulk?slugs=notion,googledrive").json()["tokens"]
    assert all(found.values())


def test_bulk_survives_what_fails_for_one(
    tool: Client, connection: Connection, make_connection: MakeConnection
) -> None:
    broken = make_connection(connection.tenant, "googledrive")
    bindings.bind(App.everyone.get(), broken)
    Connection.everyone.filter(pk=broken.pk).update(credential="v1.gone.AAAA")  # a key that is no longer there
    found = tool.get("/credentials/_bulk?slugs=googledrive,notion").json()["tokens"]
    assert found["googledrive"] is None
    assert found["notion"]


def test_bulk_says_nothing_of_a_connection_that_needs_a_sign_in(tool: Client, connection: Connection) -> None:
    credentials.mark_needs_reauth(connection, "Sign in again.")
    assert tool.get("/credentials/_bulk?slugs=notion").json() == {"tokens": {"notion": None}}


@pytest.mark.parametrize("query", ["", "?slugs=", "?slugs=,,", "?slugs=notion,No", "?slugs=a%00", "?other=x"])
def test_bulk_refuses_a_malformed_query(tool: Client, query: str) -> None:
    refused(tool.get(f"/credentials/_bulk{query}"), 400, "validation_failed")


def test_bulk_has_a_limit(tool: Client) -> None:
    slugs = ",".join(f"p{number}" for number in range(51))
    refused(tool.get(f"/credentials/_bulk?slugs={slugs}"), 400, "validation_failed")


def test_bulk_with_a_bad_key_fails_as_a_whole(connection: Connection) -> None:
    refused(Client().get("/credentials/_bulk?slugs=notion"), 401, "app_unknown")


# --- the front door ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/credentials", "/credentials/", "/credentials/notion/", "/credentials/a/b", "/credentials/_bulk/x"]
)
def test_any_other_path(tool: Client, path: str) -> None:
    refused(tool.get(path), 404, "not_found")
    refused(tool.post(path), 404, "not_found")


def test_paths_that_only_begin_alike_are_not_ours(tool: Client) -> None:
    assert "Vendo-Error-Code" not in tool.get("/credentialsx").headers


@pytest.mark.parametrize("path", ["/credentials/notion", "/credentials/_bulk"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
def test_a_wrong_method_learns_the_right_ones(tool: Client, path: str, method: str) -> None:
    response = tool.generic(method, path)
    refused(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD"


def test_head_is_get_without_a_body(tool: Client, connection: Connection) -> None:
    response = tool.head("/credentials/notion")
    assert (response.status_code, response.content) == (200, b"")


def test_a_crash_leaves_a_number_and_nothing_else(
    tool: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*_: object) -> HttpResponse:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(vending, "fresh_token", crash)
    error = refused(tool.get("/credentials/notion"), 500, "internal_error")
    number = error["message"].split()[-1].rstrip(".")
    assert number.startswith("req_")
    assert number in caplog.text
    assert "inner secret" not in str(error)


def test_more_parameters_than_django_takes(tool: Client) -> None:
    query = "&".join(f"p{number}=1" for number in range(2000))
    refused(tool.get(f"/credentials/_bulk?{query}"), 400, "validation_failed")


def test_refusals_before_any_view(rf: RequestFactory) -> None:
    """As the site's handler400 and handler500."""
    for path, ours in (("/credentials/notion", True), ("/apps", False)):
        for response in (
            front_door.bad_request(rf.get(path), SuspiciousOperation("x")),
            front_door.server_error(rf.get(path)),
        ):
            assert ("Vendo-Error-Code" in response.headers) is ours
            assert response.status_code in {400, 500}


def test_no_token_and_no_key_is_logged(tool: Client, connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    tool.get("/credentials/notion")
    tool.get("/credentials/nobody")
    key = tool.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert "secret-notion-token" not in caplog.text
    assert key not in caplog.text


QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@QUIET
@given(
    slug=st.text(min_size=1), query=st.text(), picked=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]))
)
def test_no_slug_query_or_header_makes_a_5xx(tool: Client, slug: str, query: str, picked: str) -> None:
    from urllib.parse import quote

    encoded = quote(slug, safe="", errors="surrogatepass")
    for path in (f"/credentials/{encoded}", f"/credentials/_bulk?slugs={quote(query, errors='surrogatepass')}"):
        response = tool.get(path, headers={"x-vendo-connection": picked})
        assert response.status_code < 500
        if response.status_code != 200:
            refused(response, response.status_code, response.headers["Vendo-Error-Code"])


@QUIET
@given(header=st.text(st.characters(codec="latin-1")))
def test_no_bearer_makes_a_5xx(db: None, header: str) -> None:
    response = Client(headers={"authorization": header}).get("/credentials/notion")
    assert response.status_code in {401, 429}
    assert response.headers["Vendo-Error-Code"] in {"app_unknown", "rate_limited"}
