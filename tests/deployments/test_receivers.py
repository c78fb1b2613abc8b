"""What connections mean to apps."""

import dataclasses
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import transaction

from connections import catalog, intents, signals
from connections.connect import choose, disconnect, rename
from connections.credentials import mark_needs_reauth
from connections.errors import ConnectError, IntentRefused
from connections.intents import Intent
from connections.models import Connection
from deployments import bindings, keys
from deployments.models import App, Binding, Deployment, Event
from deployments.projects import allow_origins, create_project
from deployments.receivers import REFUSAL, AppMeaning
from tenants.models import Tenant

pytestmark = pytest.mark.django_db
type MakeConnection = Callable[..., Connection]
type MakeDeployment = Callable[..., Deployment]

meaning = AppMeaning()


def connected(connection: Connection, intent: Intent | None = None) -> None:
    """As at the end of a dance."""
    with transaction.atomic():
        signals.connected.send(sender=Connection, connection=connection, intent=intent)


def kinds(app: App | None) -> list[str]:
    return [event.kind for event in Event.everyone.filter(app=app)]


# --- connected --------------------------------------------------------------------------------------------------------


def test_a_connect_without_a_purpose_serves_projects_that_have_none(
    tenant: Tenant, other_tenant: Tenant, project: App, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    taken, theirs = create_project(tenant, "Has one"), create_project(other_tenant, "Theirs")
    old = make_connection(tenant, "notion")
    bindings.bind(taken, old)
    deployed = make_deployment(tenant, "notion").app
    new = make_connection(tenant, "notion")
    connected(new)
    assert {(row.app, row.connection) for row in Binding.everyone.all()} == {(taken, old), (project, new)}
    assert kinds(project) == ["connection.connected"]
    assert kinds(taken) == ["connection.connected"]  # that of `old`
    assert kinds(deployed) == ["connection.connected"]  # it declares the integration
    assert kinds(theirs) == []
    assert kinds(None) == ["connection.connected"]


def test_a_connect_for_an_app_binds_to_that_app_alone(
    project: App, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    deployed = make_deployment(project.tenant, "notion").app
    new = make_connection(project.tenant, "notion")
    connected(new, Intent("app", str(deployed.pk)))
    assert [row.app for row in Binding.everyone.all()] == [deployed]
    assert kinds(deployed) == ["connection.connected"]
    assert kinds(project) == []


def test_a_connect_for_a_draft_binds_to_nothing_yet(project: App, make_connection: MakeConnection) -> None:
    connected(make_connection(project.tenant, "notion"), Intent("draft", str(uuid4())))
    assert not Binding.everyone.exists()


def test_an_app_that_is_gone_or_anothers_gets_nothing(
    project: App, other_tenant: Tenant, make_connection: MakeConnection
) -> None:
    new = make_connection(project.tenant, "notion")
    theirs = create_project(other_tenant, "Theirs")
    for identity in (str(uuid4()), str(theirs.pk), "nonsense"):
        connected(new, Intent("app", identity))
    assert not Binding.everyone.exists()


def test_a_reconnect_in_place_is_told_to_those_who_use_it(project: App, make_connection: MakeConnection) -> None:
    same = make_connection(project.tenant, "notion")
    bindings.bind(project, same)
    connected(same)
    assert kinds(project) == ["connection.connected"] * 2
    assert Binding.everyone.count() == 1


def test_choosing_an_existing_account_rebinds(project: App, make_connection: MakeConnection) -> None:
    old, new = (make_connection(project.tenant, "notion") for _ in range(2))
    bindings.bind(project, old)
    choose(new, Intent("app", str(project.pk)))
    assert Binding.everyone.get().connection == new
    assert kinds(project) == ["connection.connected", "connection.disconnected", "connection.connected"]


def test_a_destroyed_deployment_hears_nothing(
    tenant: Tenant, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    gone = make_deployment(tenant, "notion", status=Deployment.Status.DESTROYED)
    connected(make_connection(tenant, "notion"), Intent("app", str(gone.app.pk)))
    assert kinds(gone.app) == []
    assert not Binding.everyone.exists()


def test_an_exclusive_account_stays_free_until_an_app_is_chosen(
    project: App, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lonely = dataclasses.replace(catalog.get("notion"), exclusive=True)
    monkeypatch.setattr(catalog, "get", lambda slug: {"notion": lonely}[slug])
    new = make_connection(project.tenant, "notion")
    connected(new)
    assert not Binding.everyone.exists()
    connected(new, Intent("app", str(project.pk)))
    assert Binding.everyone.get().app == project
    other = create_project(project.tenant, "Second")
    with pytest.raises(ConnectError, match="one user at a time"):
        connected(new, Intent("app", str(other.pk)))


# --- the other changes ------------------------------------------------------------------------------------------------


def test_a_disconnect_drops_bindings_and_tells(project: App, make_connection: MakeConnection) -> None:
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    disconnect(connection)
    assert not Binding.everyone.exists()
    assert kinds(project) == ["connection.connected", "connection.disconnected"]
    assert kinds(None) == ["connection.disconnected"]


def test_a_new_name_is_told(project: App, make_connection: MakeConnection) -> None:
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    rename(connection, "Team notes")
    assert kinds(project)[1:] == ["connection.changed"]
    assert kinds(None) == ["connection.changed"]


def test_a_status_is_told_with_the_status(project: App, make_connection: MakeConnection) -> None:
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    mark_needs_reauth(connection, "Sign in again.")
    event = project.events.last()
    assert event
    assert event.kind == "connection.status_changed"
    assert event.payload == {"slug": "notion", "connection_id": str(connection.pk), "status": "needs_reauth"}


# --- connecting on an app's behalf ------------------------------------------------------------------------------------


def test_a_key_stands_for_its_app(project: App, app_key: str) -> None:
    assert meaning.from_query({"app_key": app_key}, project.tenant) == Intent("app", str(project.pk))


def test_a_key_can_be_swapped_before_one_signs_in(project: App, app_key: str) -> None:
    assert meaning.from_query({"app_key": app_key}, None) == Intent("app", str(project.pk))


def test_an_app_can_be_named(project: App) -> None:
    assert meaning.from_query({"app": str(project.pk)}, project.tenant) == Intent("app", str(project.pk))


def test_other_queries_name_none(tenant: Tenant) -> None:
    assert meaning.from_query({"state": "x", "app": ""}, tenant) is None


def test_refusals_do_not_tell_what_exists(
    project: App, app_key: str, other_tenant: Tenant, make_connection: MakeConnection, make_deployment: MakeDeployment
) -> None:
    revoked, revoked_text = keys.mint(project, "old")
    keys.revoke(revoked)
    _, narrow_text = keys.mint_for_connection(make_connection(project.tenant, "notion"), "narrow")
    theirs = create_project(other_tenant, "Theirs")
    gone = make_deployment(project.tenant, status=Deployment.Status.DESTROYED).app
    queries = [
        {"app_key": "nonsense"},
        {"app_key": "vendo_sk_" + "x" * 32},
        {"app_key": revoked_text},
        {"app_key": narrow_text},
        {"app_key": keys.mint(theirs, "theirs")[1]},
        {"app": str(theirs.pk)},
        {"app": str(uuid4())},
        {"app": "nonsense"},
        {"app": str(gone.pk)},
    ]
    for query in queries:
        with pytest.raises(IntentRefused) as refusal:
            meaning.from_query(query, project.tenant)
        assert refusal.value.message == REFUSAL


def test_whose_app_it_is_shows_after_signing_in(project: App, app_key: str, other_tenant: Tenant) -> None:
    intent = meaning.from_query({"app_key": app_key}, None)
    assert intent
    with pytest.raises(IntentRefused):
        meaning.purpose(intent, other_tenant)
    assert meaning.purpose(intent, project.tenant).label == "for Ada's laptop"


def test_a_project_may_tell_registered_origins_and_this_machine(project: App) -> None:
    allow_origins(project, ["https://app.example.org"])
    purpose = meaning.purpose(Intent("app", str(project.pk)), project.tenant)
    assert purpose.origins == {"https://app.example.org"}
    assert purpose.loopback


def test_a_deployment_may_tell_its_own_pages(tenant: Tenant, make_deployment: MakeDeployment) -> None:
    app = make_deployment(tenant, url="http://127.0.0.1:8101/").app
    purpose = meaning.purpose(Intent("app", str(app.pk)), tenant)
    assert purpose.origins == {"http://127.0.0.1:8101"}
    assert not purpose.loopback


def test_a_deployment_without_an_address_yet(tenant: Tenant, make_deployment: MakeDeployment) -> None:
    app = make_deployment(tenant).app
    assert meaning.purpose(Intent("app", str(app.pk)), tenant).origins == frozenset()


def test_the_meaning_is_registered(project: App, app_key: str) -> None:
    intent = intents.from_query({"app_key": app_key}, project.tenant)
    assert intent == Intent("app", str(project.pk))
    assert intents.purpose(intent, project.tenant).loopback
