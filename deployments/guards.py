"""Tenancy that Python can't forget: triggers, on PostgreSQL and SQLite alike.

A binding's app and connection must belong to the binding's tenant, its connection to its integration, and none of
these ever moves to another tenant. Installed after every migrate rather than by a migration, because SQLite drops
a table's triggers whenever a later migration rebuilds that table.
"""

from typing import Any

from django.db import connections

MESSAGE = "app, connection and binding must belong to one tenant, connection and binding to one integration"

SOUND = """
    SELECT 1 FROM deployments_app a, connections_connection c
    WHERE a.id = NEW.app_id AND c.id = NEW.connection_id
      AND a.tenant_id = NEW.tenant_id AND c.tenant_id = NEW.tenant_id
      AND c.integration_id = NEW.integration_id
"""

# table → columns that never change once the row exists
FIXED = {
    "deployments_app": ("tenant_id",),
    "connections_connection": ("tenant_id", "integration_id"),
}


def install(using: str, **kwargs: Any) -> None:
    """Receiver of `post_migrate`; does nothing new where the triggers are in place."""
    connection = connections[using]
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _postgresql() -> list[str]:
    refuse = f"RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';"
    statements = [
        f"""CREATE OR REPLACE FUNCTION vendo_binding_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NOT EXISTS ({SOUND}) THEN {refuse} END IF; RETURN NEW; END $$""",
        """CREATE OR REPLACE TRIGGER vendo_binding_is_sound BEFORE INSERT OR UPDATE ON app_connection_bindings
        FOR EACH ROW EXECUTE FUNCTION vendo_binding_is_sound()""",
        f"""CREATE OR REPLACE FUNCTION vendo_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN {refuse} END $$""",
    ]
    for table, columns in FIXED.items():
        moved = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
        statements.append(
            f"""CREATE OR REPLACE TRIGGER vendo_owner_is_fixed BEFORE UPDATE ON {table}
            FOR EACH ROW WHEN ({moved}) EXECUTE FUNCTION vendo_owner_is_fixed()"""
        )
    return statements


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    statements = [
        f"""CREATE TRIGGER IF NOT EXISTS vendo_binding_is_sound_{event.lower()}
        BEFORE {event} ON app_connection_bindings WHEN NOT EXISTS ({SOUND}) {refuse}"""
        for event in ("INSERT", "UPDATE")
    ]
    for table, columns in FIXED.items():
        moved = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        statements.append(
            f"CREATE TRIGGER IF NOT EXISTS vendo_owner_is_fixed_{table} BEFORE UPDATE ON {table} WHEN {moved} {refuse}"
        )
    return statements
