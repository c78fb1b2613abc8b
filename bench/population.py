"""Fills a migrated, empty database: apps with a key each, bound to one connection each.

    python -m bench.population COUNT FILE [TIMES]

`COUNT` apps are real: their keys open their connections, and FILE gets a line of JSON for each. On PostgreSQL `TIMES`
multiplies them by rows that look the same and are asked for by nobody; the real ones end up scattered among those.
"""

import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendo_site.settings")
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from connections import vault  # noqa: E402
from connections.models import Connection  # noqa: E402
from deployments import keys  # noqa: E402
from deployments.models import ApiKey, App, Binding  # noqa: E402
from tenants.models import Tenant  # noqa: E402

# Lengths as these two hand out: one never expires, the other does, but not while anybody measures.
TOKENS = {"notion": "ntn_" + "n" * 46, "googledrive": "ya29." + "g" * 215}
APPS_OF_A_TENANT = 10


class Customer(NamedTuple):
    """An app with what it needs to ask for a token."""

    app: App
    connection: Connection
    binding: Binding
    key: ApiKey
    text: str


def main(count: int, file: Path, times: int = 1) -> None:
    """Fill the database of the environment."""
    customers = list(_customers(count))
    for rows in zip(*(customer[:4] for customer in customers), strict=True):
        with transaction.atomic():
            type(rows[0])._base_manager.bulk_create(rows, batch_size=1000)
    file.write_text("".join(_line(customer) + "\n" for customer in customers))
    if times > 1:
        multiply(times)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _customers(count: int) -> Iterator[Customer]:
    tenants = [Tenant(name=f"Tenant {n}", slug=f"tenant-{n}") for n in range(count // APPS_OF_A_TENANT + 1)]
    Tenant.objects.bulk_create(tenants, batch_size=1000)
    for number in range(count):
        yield _customer(tenants[number // APPS_OF_A_TENANT], list(TOKENS)[number % len(TOKENS)], number)


def _customer(tenant: Tenant, slug: str, number: int) -> Customer:
    account = Connection(
        tenant=tenant,
        integration_id=slug,
        profile="user_oauth",
        display_name="Ada",
        account_id=f"account-{number}",
        expires_at=timezone.now() + timedelta(days=1) if slug == "googledrive" else None,
    )
    vault.seal(account, "credential", TOKENS[slug])
    vault.seal(account, "refresh_token", "r" * 100)
    app = App(tenant=tenant, name=f"App {number}")
    text = f"vendo_sk_{number:032d}"
    key = ApiKey(tenant=tenant, app=app, name="bench", key_hash=keys.hash_of(text), prefix=text[: keys.SHOWN])
    bound = Binding(tenant=tenant, app=app, integration_id=slug, connection=account)
    return Customer(app, account, bound, key, text)


def _line(customer: Customer) -> str:
    account = customer.connection
    return json.dumps({"key": customer.text, "slug": account.integration_id, "connection": str(account.pk)})


def multiply(times: int) -> None:
    """Have `times` as many rows of each kind, in no order that has to do with which are real."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows are made from sound ones by one rule, so there is nothing to check, and no trigger to call a million times.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SET LOCAL work_mem = '512MB'")
        for model in (App, Connection, Binding, ApiKey):
            _multiply(cursor, model, times)


def _multiply(cursor: Any, model: type[models.Model], times: int) -> None:
    table = model._meta.db_table
    columns = [field.column for field in model._meta.local_concrete_fields]
    made = ", ".join(_made(field) for field in model._meta.local_concrete_fields)
    cursor.execute(f"CREATE TEMP TABLE original ON COMMIT DROP AS TABLE {table}")
    cursor.execute(f"DELETE FROM {table}")
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {made}"
        f" FROM original, generate_series(0, {times - 1}) AS copy ORDER BY random()"
    )
    cursor.execute("DROP TABLE original")


def _made(field: models.Field[Any, Any]) -> str:
    """The SQL of a column's value in copy number `copy`; number 0 is the original."""
    column = f"original.{field.column}"
    ours = field.primary_key or (field.related_model in {App, Connection})
    if isinstance(field, models.BigAutoField):
        return f"{column} + copy * 1000000"
    if ours:
        made = f"md5({column}::text || copy)::uuid"
    elif field.unique:
        made = f"left(md5({column} || copy) || md5(copy || {column}), {field.max_length})"
    elif field.column == "account_id":
        made = f"{column} || '-' || copy"
    else:
        return column
    return f"CASE copy WHEN 0 THEN {column} ELSE {made} END"


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
