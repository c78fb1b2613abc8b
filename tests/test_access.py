"""Every address says who may call it (tenants/access.py). A new view that is silent fails here."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from deployments.api import api

KNOWN = {"public", "signed_in", "member", "writer", "key"}
# Not ours: each has a door of its own. The API's operations are checked one by one below.
THIRD_PARTIES = {
    "accounts/": "allauth: the way in, and people's own settings",
    "admin/": "Django admin: staff only, behind our own sign-in",
    "api/": "django-ninja asks `auth` of each operation; its description is public",
}
# Public on purpose. Whoever adds a line says why.
PUBLIC = {
    "healthz": "asked by whatever keeps the process alive",
    "readyz": "the same",
    "-/patterns": "the component page, on a developer's machine only",
    "demo/sign-in": "signs in to the demo, in a demo only",
    "connections/connect/<slug:slug>": "swaps a key for an intent before one signs in; then asks for a writer",
    "api/oauth/<slug:slug>/authorize": "the same",
    "api/oauth/<slug:slug>/callback": "answers on the popup's page, not with a sign-in; checks the person itself",
    "api/oauth/<slug:slug>/callback/<uuid:attempt_id>": "the same",
    "api/integrations": "the catalogue, the same for everybody",
    "api/integrations/<str:slug>": "the same",
    "logos/<str:slug>.svg": "pictures, for pages of any origin",
    "^(?:credentials|proxy|hooks|logos)(?:/|\\Z)": "says that there is nothing",
    "^api(?:/|\\Z)": "says that there is nothing",
}


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every (route, view) below the root."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        else:
            assert isinstance(entry, URLPattern)
            yield route, entry.callback


def third_party(route: str, view: Any) -> str | None:
    """The mount of somebody else's views, if this is one of them."""
    mount = next((mount for mount in THIRD_PARTIES if route.startswith(mount)), None)
    return None if mount == "api/" and not _from_ninja(view) else mount


def _from_ninja(view: Any) -> bool:
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    module: str = getattr(view, "func", view).__module__
    return module.startswith("ninja.")


OURS = [(route, view) for route, view in routes() if third_party(route, view) is None]


@pytest.mark.parametrize(("route", "view"), OURS, ids=[route for route, _ in OURS])
def test_a_view_says_who_may_call_it(route: str, view: Any) -> None:
    access = getattr(view, "access", None)
    assert access in KNOWN, f"{view.__module__}.{view.__name__}: wear one of the decorators of tenants/access.py."
    assert (access == "public") == (route in PUBLIC)


def test_the_lists_are_no_longer_than_needed() -> None:
    assert {route for route, _ in OURS} >= PUBLIC.keys()
    assert {third_party(route, view) for route, view in routes()} - {None} == THIRD_PARTIES.keys()


def test_operations_of_the_api_say_it_too() -> None:
    operations = [
        operation
        for bound in api._get_bound_routers()
        for view in bound.path_operations.values()
        for operation in view.operations
    ]
    assert operations
    for operation in operations:
        assert [check.access for check in operation.auth_callbacks] in (["member"], ["writer"])  # type: ignore[attr-defined]


def example(route: str) -> str:
    """An address of this route."""
    for parameter, value in {
        "<uuid:": "00000000-0000-0000-0000-000000000000",
        "<slug:": "notion",
        "<str:": "x",
        "<int:": "1",
    }.items():
        while parameter in route:
            start = route.index(parameter)
            route = route[:start] + value + route[route.index(">", start) + 1 :]
    return f"/{route}"


INSIDE = [route for route, view in OURS if getattr(view, "access", None) in {"signed_in", "member", "writer"}]


@pytest.mark.django_db
@pytest.mark.parametrize("route", INSIDE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_signed_out_are_sent_to_sign_in(browser: Client, route: str, method: str) -> None:
    response = browser.generic(method, example(route))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("route", INSIDE)
def test_programs_that_are_signed_out_get_a_code(route: str) -> None:
    response = Client(headers={"host": "localhost:8000", "accept": "application/json"}).get(example(route))
    assert (response.status_code, response.json()) == (401, {"error": "unauthorized"})
