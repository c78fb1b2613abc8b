"""Marks every test that talks to the database: `bin/test` runs those on SQLite, and once more on PostgreSQL."""

import pytest

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_serialized_rollback"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Adds the marker `postgres`. Not to the journeys, which start the databases of their processes themselves."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if (fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db")) and not item.get_closest_marker(
            "e2e"
        ):
            item.add_marker(pytest.mark.postgres)
