"""The Python SDK against the real server: each error class that this dashboard can cause, by an answer it gave."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import vendo
from django.utils import timezone
from vendo import _http, errors

from connections.models import Connection, Integration
from deployments import bindings, front_door, keys
from deployments.models import App
from deployments.projects import create_project
from tenants.models import Tenant
from tests.servers import serving
from tests.simulator import Simulator, simulated
from vendo_site.asgi import http

pytestmark = [pytest.mark.django_db(transaction=True)]
type MakeConnection = Callable[..., Connection]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "PAUSES", (0.001, 0.001, 0.001))


@pytest.fixture
def server(transactional_db: None, settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    with serving(http, at_the_end=http.close) as url:
        yield url


@pytest.fixture
def client(server: str, app_key: str) -> vendo.Vendo:
    """The SDK with a key of `project`."""
    return vendo.Vendo(app_key, server)


@pytest.fixture
def drive(project: App, make_connection: MakeConnection) -> Connection:
    """A Google Drive whose token has to be refreshed."""
    now = timezone.now()
    made = make_connection(
        project.tenant,
        "googledrive",
        refresh_token="refresh-0",
        expires_at=now - timedelta(minutes=1),
        refreshed_at=now - timedelta(hours=1),
    )
    bindings.bind(project, made)
    return made


@pytest.fixture
def provider(googledrive: Integration) -> Iterator[Simulator]:
    with simulated() as simulator:
        simulator.play("googledrive")
        yield simulator


def refused(call: Callable[[], object]) -> tuple[type, str, int | None]:
    """The class, code and status of what a call raises."""
    with pytest.raises(errors.VendoError) as caught:
        call()
    return type(caught.value), caught.value.code, caught.value.status


def test_a_bound_connection_has_a_token_and_an_entry(
    client: vendo.Vendo, project: App, make_connection: MakeConnection
) -> None:
    made = make_connection(project.tenant, "notion", metadata={"workspace_id": "w"})
    bindings.bind(project, made)
    assert client.token("notion") == "secret-notion-token"
    assert client.tokens(["notion", "googledrive"]) == {"notion": "secret-notion-token", "googledrive": None}
    entry = client.connections.get("notion")
    assert (entry.id, entry.status, entry.credential) == (
        str(made.pk),
        "connected",
        {"NOTION_TOKEN": "secret-notion-token"},
    )
    assert (entry.metadata["workspace_id"], entry.context, entry.setup_url) == ("w", None, None)
    assert client.connections.get("googledrive").setup_url == client.connect_url("googledrive")


def test_the_catalogue(client: vendo.Vendo) -> None:
    listed = client.integrations.list()
    assert {"notion", "googledrive"} <= {one.slug for one in listed}
    assert client.integrations.get("notion") in listed
    assert client.integrations.env_vars("notion") == ["NOTION_TOKEN"]
    assert client.integrations.env_vars("googledrive") == []


def test_a_key_that_nobody_made(server: str) -> None:
    stranger = vendo.Vendo(f"vendo_sk_{'x' * 32}", server)
    for call in (lambda: stranger.token("notion"), stranger.connections.list, lambda: stranger.tokens(["notion"])):
        assert refused(call) == (errors.AuthError, "app_unknown", 401)
    assert refused(lambda: next(stranger.events.subscribe())) == (errors.AuthError, "app_unknown", 401)


def test_a_revoked_key_and_an_expired_one(server: str, project: App) -> None:
    row, text = keys.mint(project, "one")
    keys.revoke(row)
    assert refused(lambda: vendo.Vendo(text, server).token("notion")) == (errors.AuthError, "app_revoked", 401)
    row, text = keys.mint(project, "two", expires_at=timezone.now() + timedelta(days=1))
    type(row).everyone.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert refused(lambda: vendo.Vendo(text, server).token("notion")) == (errors.AuthError, "app_expired", 401)


def test_nothing_bound(client: vendo.Vendo, project: App) -> None:
    with pytest.raises(errors.NotConnected) as caught:
        client.token("notion")
    assert (caught.value.code, caught.value.slug) == ("binding_missing", "notion")
    assert caught.value.connect_url is not None
    assert caught.value.connect_url.endswith(f"/connections/connect/notion?app={project.pk}")
    assert client.connect_url("notion") == caught.value.connect_url


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Connection.Status.REVOKED, (errors.NotConnected, "connection_revoked", 403)),
        (Connection.Status.NEEDS_REAUTH, (errors.NeedsReauth, "connection_needs_reauth", 401)),
    ],
)
def test_a_connection_that_has_ended(
    client: vendo.Vendo, drive: Connection, status: str, expected: tuple[type, str, int]
) -> None:
    drive.status = status
    drive.save()
    assert refused(lambda: client.token("googledrive")) == expected
    assert client.tokens(["googledrive"]) == {"googledrive": None}


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ((400, "invalid_grant"), (errors.NeedsReauth, "connection_needs_reauth", 401)),
        ((429, "slow_down"), (errors.RateLimited, "upstream_rate_limited", 429)),
        ((503, "down"), (errors.UpstreamError, "upstream_error", 502)),
    ],
)
def test_a_provider_that_refuses_to_refresh(
    client: vendo.Vendo,
    drive: Connection,
    provider: Simulator,
    says: tuple[int, str],
    expected: tuple[type, str, int],
) -> None:
    provider.token_status, provider.tokens = says[0], [{"error": says[1]}]
    assert refused(lambda: client.token("googledrive")) == expected


def test_too_many_bad_keys(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "FAILURES", 0)
    with pytest.raises(errors.RateLimited) as caught:
        vendo.Vendo(f"vendo_sk_{'x' * 32}", server).token("notion")
    assert caught.value.code == "rate_limited"
    assert caught.value.retry_after


def test_what_does_not_exist(client: vendo.Vendo) -> None:
    assert refused(lambda: client.token("nothing")) == (errors.ValidationError, "provider_unknown", 404)
    assert refused(lambda: client.integrations.get("nothing"))[0] is errors.ValidationError
    assert refused(lambda: client.tokens([f"a{number}" for number in range(60)])) == (
        errors.ValidationError,
        "validation_failed",
        400,
    )


def test_a_key_of_one_connection_opens_no_list(
    server: str, tenant: Tenant, drive: Connection, make_connection: MakeConnection
) -> None:
    key = keys.mint_for_connection(make_connection(tenant, "notion"), "one")[1]
    client = vendo.Vendo(key, server)
    assert client.token("notion") == "secret-notion-token"
    assert refused(lambda: client.token("googledrive")) == (errors.NotConnected, "binding_missing", 403)
    assert refused(client.connections.list)[0] is errors.AuthError


def test_another_tenants_connections_do_not_show(
    server: str, other_tenant: Tenant, drive: Connection, googledrive: Integration
) -> None:
    key = keys.mint(create_project(other_tenant, "Theirs"), "theirs")[1]
    client = vendo.Vendo(key, server)
    assert refused(lambda: client.token("googledrive")) == (errors.NotConnected, "binding_missing", 403)
    assert {entry.id for entry in client.connections.list()} == {None}


def test_a_user_goes_along_and_changes_nothing(
    client: vendo.Vendo, project: App, make_connection: MakeConnection
) -> None:
    bindings.bind(project, make_connection(project.tenant, "notion"))
    assert client.for_user("a.b.c").token("notion") == client.token("notion")
    with pytest.raises(errors.IdentityNotPresent):
        client.for_request({})
