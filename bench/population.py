"""Fills a migrated, empty database with what a benchmark asks for.

    python -m bench.population customers FILE COUNT [TIMES]    apps with a key, a connection and a binding each
    python -m bench.population audience FILE COUNT             so many apps that share one connection
    python -m bench.population bound FILE COUNT…               a deployment with so many bindings, for each COUNT
    python -m bench.population expired FILE SANDBOX TOKEN      one app whose token is over; the sandbox renews it

FILE gets a line of JSON for each app: its key, a slug, and the id of the connection bound for that.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendo_site.settings")
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.wide import widen  # noqa: E402
from connections import vault  # noqa: E402
from connections.models import Connection, Integration  # noqa: E402
from deployments import keys  # noqa: E402
from deployments.models import ApiKey, App, Binding  # noqa: E402
from tenants.models import Tenant  # noqa: E402
from tests.scenery import make_deployment, make_release  # noqa: E402

# Lengths as these two hand out: one never expires, the other does, but not while anybody measures.
TOKENS = {"notion": "ntn_" + "n" * 46, "googledrive": "ya29." + "g" * 215}
CLIENT = ("vendo-sandbox", "vendo-sandbox-secret")  # as the sandbox knows it
APPS_OF_A_TENANT = 10
MODELS = (App, Connection, Binding, ApiKey)


class Customer(NamedTuple):
    """An app with what it needs to ask for a token."""

    app: App
    connection: Connection
    binding: Binding
    key: ApiKey
    text: str


def customers(count: str, times: str = "1") -> Iterator[Customer]:
    """`count` apps. On PostgreSQL `times` multiplies all by rows like them, which nobody asks for."""
    tenants = [Tenant(name=f"Tenant {n}", slug=f"tenant-{n}") for n in range(int(count) // APPS_OF_A_TENANT + 1)]
    Tenant.objects.bulk_create(tenants, batch_size=1000)
    made = [_customer(tenants[n // APPS_OF_A_TENANT], list(TOKENS)[n % len(TOKENS)], n) for n in range(int(count))]
    for rows in zip(*(customer[:4] for customer in made), strict=True):
        type(rows[0])._base_manager.bulk_create(rows, batch_size=1000)
    if int(times) > 1:
        multiply(int(times))
    yield from made


def audience(count: str) -> Iterator[Customer]:
    """`count` apps bound to the same connection: one change of it is an event of each."""
    tenant = Tenant.objects.create(name="Audience", slug="audience")
    account = _connection(tenant, "notion", 0)
    account.save()
    for number in range(int(count)):
        customer = _bound(account, number)
        for row in (customer.app, customer.binding, customer.key):
            row.save(force_insert=True)
        yield customer


def expired(sandbox: str, refresh_token: str) -> Iterator[Customer]:
    """One app whose connection must be renewed at the sandbox."""
    drive = Integration.objects.get(slug="googledrive")
    drive.client_id, client_secret = CLIENT
    vault.seal(drive, "client_secret", client_secret)
    drive.endpoint_overrides = {"token_url": f"{sandbox}/google/token"}
    drive.save()
    account = _connection(Tenant.objects.create(name="Late", slug="late"), "googledrive", 0)
    account.refreshed_at = account.expires_at = timezone.now() - timedelta(minutes=1)
    vault.seal(account, "refresh_token", refresh_token)
    customer = _bound(account, 0)
    for row in customer[:4]:
        row.save(force_insert=True)
    yield customer


def bound(*counts: str) -> Iterator[Customer]:
    """For each count, a deployment with so many bindings; its release declares none."""
    tenant, release = Tenant.objects.create(name="Bound", slug="bound"), make_release(integrations=())
    slugs = widen()
    Integration.objects.bulk_create([Integration(slug=slug) for slug in slugs], ignore_conflicts=True)
    for number, count in enumerate(map(int, counts)):
        deployment = make_deployment(tenant, release, slug=f"bound-{number}")
        for slug in slugs[:count]:
            account = _connection(tenant, slug, number)
            account.save()
            bind = _bound(account, number).binding
            bind.app = deployment.app
            bind.save()
        customer = _bound(account, number)
        customer.key.app = deployment.app
        customer.key.save()
        yield customer


def _customer(tenant: Tenant, slug: str, number: int) -> Customer:
    return _bound(_connection(tenant, slug, number), number)


def _connection(tenant: Tenant, slug: str, number: int) -> Connection:
    account = Connection(
        tenant=tenant,
        integration_id=slug,
        profile="user_oauth",
        display_name="Ada",
        account_id=f"account-{number}",
        expires_at=timezone.now() + timedelta(days=1) if slug == "googledrive" else None,
    )
    vault.seal(account, "credential", TOKENS.get(slug, TOKENS["notion"]))
    vault.seal(account, "refresh_token", "r" * 100)
    return account


def _bound(account: Connection, number: int) -> Customer:
    """An app with a key, bound to the connection; nothing of it is saved."""
    tenant = account.tenant
    app = App(tenant=tenant, name=f"App {number}")
    text = f"vendo_sk_{number:032d}"
    key = ApiKey(tenant=tenant, app=app, name="bench", key_hash=keys.hash_of(text), prefix=text[: keys.SHOWN])
    bound = Binding(tenant=tenant, app=app, integration_id=account.integration_id, connection=account)
    return Customer(app, account, bound, key, text)


def _line(customer: Customer) -> str:
    account = customer.connection
    return json.dumps({"key": customer.text, "slug": account.integration_id, "connection": str(account.pk)}) + "\n"


def multiply(times: int) -> None:
    """Have `times` as many rows of each kind, in no order that has to do with which are real."""
    with connection.cursor() as cursor:
        # The rows are made from sound ones by one rule: no trigger needs to look at each of them.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '512MB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for model in MODELS:
            cursor.execute(f"CREATE TEMP TABLE real_{_table(model)} ON COMMIT DROP AS TABLE {_table(model)}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table whose rows are still to be checked can't be emptied
        cursor.execute(f"TRUNCATE {', '.join(map(_table, MODELS))} CASCADE")
        for model in MODELS:
            _multiply(cursor, model, times)


def _multiply(cursor: Any, model: type[models.Model], times: int) -> None:
    table, fields = _table(model), model._meta.local_concrete_fields
    columns, made = ", ".join(str(field.column) for field in fields), ", ".join(_made(field) for field in fields)
    # Indexes are made when all rows are there, in a quarter of the time.
    cursor.execute("UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = %s::regclass", [table])
    source = f"real_{table} AS real, generate_series(0, {times - 1}) AS copy"
    cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {made} FROM {source} ORDER BY random()")  # noqa: S608
    cursor.execute(f"REINDEX TABLE {table}")


def _table(model: type[models.Model]) -> str:
    return str(model._meta.db_table)


def _made(field: models.Field[Any, Any]) -> str:
    """The SQL of a column's value in copy number `copy`; number 0 is the original."""
    column = f"real.{field.column}"
    if isinstance(field, models.BigAutoField):
        return f"{column} + copy * 1000000"
    if field.primary_key or field.related_model in MODELS:
        made = f"md5({column}::text || copy)::uuid"
    elif field.unique:
        made = f"left(md5({column} || copy) || md5(copy || {column}), {field.max_length})"
    elif field.column == "account_id":
        made = f"{column} || '-' || copy"
    else:
        return column
    return f"CASE copy WHEN 0 THEN {column} ELSE {made} END"


KINDS: Mapping[str, Callable[..., Iterator[Customer]]] = {
    "customers": customers,
    "audience": audience,
    "bound": bound,
    "expired": expired,
}


def main(kind: str, file: str, *arguments: str) -> None:
    """Fill the database of the environment."""
    with transaction.atomic():
        Path(file).write_text("".join(map(_line, KINDS[kind](*arguments))))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


if __name__ == "__main__":
    main(*sys.argv[1:])
