"""The OpenAPI description says what there is, all of it, and nothing else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from deployments import description, runtime_api
from deployments.asgi_door import Door
from deployments.errors import TABLE
from tests.deployments.test_api import ALL
from vendo_site.asgi import http

NOTHING = "not_found"  # the view that says so


def openapi() -> dict[str, Any]:
    answer: dict[str, Any] = Client(headers={"host": "localhost:8000"}).get("/api/openapi.json").json()
    return answer


def described() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def doors() -> Iterator[Door]:
    """Those in front of Django, the outermost first."""
    application: Any = http
    while isinstance(application, Door):
        yield application
        application = application.behind


async def close_doors() -> None:
    """Give back what they keep open in this event loop."""
    for door in doors():
        for name in ("close", "aclose"):
            if close := getattr(door, name, None):
                await close()


def takes(door: Door, path: str) -> bool:
    filled = re.sub(r"{\w+}", "notion", path)
    return door.takes({"type": "http", "method": "GET", "path": filled, "headers": []})


def test_every_operation_of_the_dashboard_is_described() -> None:
    runtime = {route.path for route in description.ROUTES}
    found = {f"{method} {path}" for method, path, _ in described() if path not in runtime}
    assert found == {f"{method} {path}" for method, path, _ in ALL}


def test_every_view_for_tools_is_described() -> None:
    views = {
        entry.name: "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(entry.pattern))
        for entry in runtime_api.urlpatterns
        if entry.callback is not runtime_api.not_found
    }
    assert views == {route.view: route.path for route in description.ROUTES if route.view}


def test_what_has_no_view_has_a_door() -> None:
    for route in description.ROUTES:
        if not route.view:
            assert [door for door in doors() if takes(door, route.path)], route.path


@pytest.mark.parametrize("door", [*doors()], ids=lambda door: type(door).__name__)
def test_no_door_is_left_out(door: Door) -> None:
    assert [route for route in description.ROUTES if takes(door, route.path)]


def test_each_says_what_it_does_and_who_may() -> None:
    public = {route.path for route in description.ROUTES if not route.needs_key}
    for _, path, operation in described():
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        assert bool(operation["security"]) is (path not in public)


def test_each_has_an_id_of_its_own() -> None:
    ids = [operation["operationId"] for _, _, operation in described()]
    assert sorted(set(ids)) == sorted(ids)


def test_every_code_of_the_table_is_told_somewhere() -> None:
    told = {code for route in description.ROUTES for code in route.codes} | {"idempotency_conflict"}
    assert TABLE.keys() - told <= {"not_found", "method_not_allowed"}


def test_all_references_lead_somewhere() -> None:
    schema = openapi()
    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(schema)))
    assert references
    assert references <= schema["components"]["schemas"].keys()


def test_keys_that_are_always_there_are_told_as_required() -> None:
    shapes = openapi()["components"]["schemas"]
    for name in ("ConnectionEntry", "IntegrationOut", "MintedKey", "Bound", "KeyOut"):
        optional = shapes[name]["properties"].keys() - set(shapes[name]["required"])
        assert not optional or name == "Bound"
