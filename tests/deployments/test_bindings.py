"""Which connection an app uses."""

import contextlib
import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from connections import catalog
from connections.connect import disconnect
from connections.models import Connection
from deployments import bindings
from deployments.bindings import BindingRefused
from deployments.models import App, Binding, Deployment, Event
from deployments.projects import create_project
from tenants.models import Tenant

type MakeConnection = Callable[..., Connection]


def told(app: App) -> list[tuple[str, str]]:
    """Kind and connection of the app's events, in order."""
    return [(event.kind, event.payload["connection_id"]) for event in app.events.all()]


@pytest.mark.django_db
def test_binding_is_there_and_told(project: App, make_connection: MakeConnection) -> None:
    chosen = make_connection(project.tenant, "notion")
    bindings.bind(project, chosen)
    found = bindings.binding(project, "notion")
    assert found is not None
    assert found.connection == chosen
    assert told(project) == [("connection.connected", str(chosen.pk))]
    assert Event.everyone.get().payload == {"slug": "notion", "connection_id": str(chosen.pk)}


@pytest.mark.django_db
def test_binding_again_changes_nothing(project: App, make_connection: MakeConnection) -> None:
    chosen = make_connection(project.tenant, "notion")
    first = bindings.bind(project, chosen)
    assert bindings.bind(project, chosen) == first
    assert len(told(project)) == 1


@pytest.mark.django_db
def test_a_rebind_tells_of_the_old_one_first(project: App, make_connection: MakeConnection) -> None:
    old, new = make_connection(project.tenant, "notion"), make_connection(project.tenant, "notion")
    bindings.bind(project, old)
    bindings.bind(project, new)
    assert Binding.everyone.get().connection == new
    assert told(project) == [
        ("connection.connected", str(old.pk)),
        ("connection.disconnected", str(old.pk)),
        ("connection.connected", str(new.pk)),
    ]


@pytest.mark.django_db
def test_unbinding(project: App, make_connection: MakeConnection) -> None:
    chosen = make_connection(project.tenant, "notion")
    bindings.bind(project, chosen)
    assert bindings.unbind(project, "notion")
    assert bindings.binding(project, "notion") is None
    assert told(project)[-1] == ("connection.disconnected", str(chosen.pk))
    assert not bindings.unbind(project, "notion")
    assert len(told(project)) == 2


@pytest.mark.django_db
def test_another_tenants_connection_is_not_found(
    project: App, other_tenant: Tenant, make_connection: MakeConnection
) -> None:
    with pytest.raises(BindingRefused) as refusal:
        bindings.bind(project, make_connection(other_tenant, "notion"))
    assert refusal.value.code == "connection_not_found"
    assert not Binding.everyone.exists()
    assert not Event.everyone.exists()


@pytest.mark.django_db
def test_a_disconnected_one_is_refused_though_the_caller_has_not_noticed(
    project: App, make_connection: MakeConnection
) -> None:
    stale = make_connection(project.tenant, "notion")
    Connection.everyone.update(status=Connection.Status.REVOKED)
    with pytest.raises(BindingRefused) as refusal:
        bindings.bind(project, stale)
    assert refusal.value.code == "connection_inactive"


@pytest.mark.django_db
def test_one_that_needs_a_new_sign_in_can_be_bound(project: App, make_connection: MakeConnection) -> None:
    waiting = make_connection(project.tenant, "notion", status=Connection.Status.NEEDS_REAUTH)
    assert bindings.bind(project, waiting).connection == waiting


@pytest.fixture
def exclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notion as if two programs could not share an account."""
    lonely = dataclasses.replace(catalog.get("notion"), exclusive=True)
    monkeypatch.setattr(catalog, "get", lambda slug: {"notion": lonely}[slug])


@pytest.mark.django_db
def test_an_exclusive_one_says_where_it_is_in_use(
    tenant: Tenant,
    project: App,
    make_connection: MakeConnection,
    make_deployment: Callable[..., Deployment],
    exclusive: None,
) -> None:
    chosen = make_connection(tenant, "notion")
    bindings.bind(make_deployment(tenant, "notion").app, chosen)
    with pytest.raises(BindingRefused) as refusal:
        bindings.bind(project, chosen)
    assert refusal.value.code == "connection_in_use"
    assert refusal.value.details == {"bound_to": {"deployment_slug": "clock", "deployment_name": "Clock"}}
    assert "Clock" in refusal.value.message


@pytest.mark.django_db
def test_an_exclusive_one_may_stay_where_it_is(project: App, make_connection: MakeConnection, exclusive: None) -> None:
    chosen = make_connection(project.tenant, "notion")
    bindings.bind(project, chosen)
    bindings.bind(project, chosen)
    assert Binding.everyone.count() == 1


@pytest.mark.django_db
def test_choices_are_the_tenants_live_ones_of_that_integration(
    tenant: Tenant, other_tenant: Tenant, make_connection: MakeConnection
) -> None:
    mine = {make_connection(tenant, "notion"), make_connection(tenant, "notion", status=Connection.Status.ERROR)}
    make_connection(tenant, "notion", status=Connection.Status.REVOKED)
    make_connection(tenant, "googledrive")
    make_connection(other_tenant, "notion")
    assert set(bindings.choices(tenant, "notion")) == mine


# --- what the database itself refuses (guards.py) ---------------------------------------------------------------------


def insert_raw(tenant: Tenant, app: App, chosen: Connection, slug: str) -> None:
    """A binding as somebody would write it who knows nothing of our Python."""
    row = Binding(tenant=tenant, app=app, connection=chosen, integration_id=slug)
    fields = [field for field in Binding._meta.concrete_fields if not field.primary_key and field.name != "created_at"]
    values = [field.get_db_prep_save(field.value_from_object(row), connection) for field in fields]
    columns = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO app_connection_bindings ({columns}, created_at) VALUES ({marks}, CURRENT_TIMESTAMP)",  # noqa: S608
            values,
        )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestGuards:
    def test_a_sound_binding_gets_in(self, project: App, make_connection: MakeConnection) -> None:
        insert_raw(project.tenant, project, make_connection(project.tenant, "notion"), "notion")
        assert Binding.everyone.count() == 1

    def test_anothers_connection_does_not(
        self, project: App, other_tenant: Tenant, make_connection: MakeConnection
    ) -> None:
        theirs = make_connection(other_tenant, "notion")
        for owner in (project.tenant, other_tenant):
            with pytest.raises(IntegrityError, match="one tenant"):
                insert_raw(owner, project, theirs, "notion")
        assert not Binding.everyone.exists()

    def test_a_connection_of_another_integration_does_not(self, project: App, make_connection: MakeConnection) -> None:
        with pytest.raises(IntegrityError, match="one integration"):
            insert_raw(project.tenant, project, make_connection(project.tenant, "notion"), "googledrive")

    def test_a_binding_is_not_turned_to_anothers_connection(
        self, project: App, other_tenant: Tenant, make_connection: MakeConnection
    ) -> None:
        bindings.bind(project, make_connection(project.tenant, "notion"))
        theirs = make_connection(other_tenant, "notion")
        with pytest.raises(IntegrityError, match="one tenant"), transaction.atomic():
            Binding.everyone.update(connection=theirs)

    def test_apps_and_connections_never_move(
        self, project: App, other_tenant: Tenant, make_connection: MakeConnection
    ) -> None:
        make_connection(project.tenant, "notion")
        for model in (App, Connection):
            with pytest.raises(IntegrityError, match="one tenant"), transaction.atomic():
                model.everyone.update(tenant=other_tenant)
        with pytest.raises(IntegrityError, match="one integration"), transaction.atomic():
            Connection.everyone.update(integration="googledrive")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_changes_at_once_leave_one_binding_and_whole_stories(
    tenant: Tenant, make_connection: MakeConnection
) -> None:
    """Binds, unbinds and a disconnect at the same moment: no dead end, and each app's events read as a story."""
    apps = [create_project(tenant, f"Laptop {n}") for n in range(3)]
    choices = [make_connection(tenant, "notion", account_id=str(n)) for n in range(3)]

    def work(number: int) -> None:
        app = apps[number % 3]
        try:
            for turn in range(4):
                # One of the three is disconnected on the way.
                with contextlib.suppress(BindingRefused):
                    bindings.bind(app, choices[(number + turn) % 3])
                if (number + turn) % 4 == 0:
                    bindings.unbind(app, "notion")
            if number == 5:
                disconnect(choices[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(work, range(9), timeout=60))
    for app in apps:
        present: list[str] = []
        for kind, identity in told(app):
            if kind == "connection.connected":
                present.append(identity)
            else:
                present.remove(identity)
        left = bindings.binding(app, "notion")
        assert present == ([str(left.connection_id)] if left else [])
