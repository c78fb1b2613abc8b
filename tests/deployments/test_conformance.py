"""Schemathesis plays every operation of the description against the running application, sensible input and nonsense.

Whatever it sends: no 5xx, no status, content type, header or body that is not described. Who it is, it is in three
ways: with an app's key, with an owner's session, and with nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from connections.models import Connection, Integration
from deployments import bindings, front_door, keys
from deployments.models import App, Deployment
from tenants.models import User
from tests.deployments.test_description import close_doors
from tests.servers import serving, upstream
from vendo_site.asgi import http

type Operation = APIOperation[Any, Any, Any, Any]

load_all_checks()
HELD: Any = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
STREAM = "/api/deployments/me/events"  # without an end, for those whom it lets in
QUIET = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)


@pytest.fixture
def server(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application as it is served; Notion is at hand and has nothing to say."""
    monkeypatch.setattr("connections.revocation.revoke", lambda *_: None)
    monkeypatch.setattr(front_door, "FAILURES", 10_000)
    with upstream() as api, serving(http, at_the_end=close_doors) as url:
        Integration.objects.filter(slug="notion").update(endpoint_overrides={"api_url": api.url})
        yield url


@pytest.fixture
def ids(
    project: App, make_connection: Callable[..., Connection], make_deployment: Callable[..., Deployment]
) -> dict[str, str]:
    """One of each kind of thing, by the name of its parameter."""
    connection = make_connection(project.tenant, "notion")
    bindings.bind(project, connection)
    deployment = make_deployment(project.tenant, status=Deployment.Status.FAILED)
    key, _ = keys.mint(project, "spare")
    return {
        "app_id": str(project.pk),
        "connection_id": str(connection.pk),
        "deployment_id": str(deployment.pk),
        "key_id": str(key.pk),
        "provider_slug": "notion",
        "slug": "notion",
        "toolSlug": "clock",
    }


@pytest.fixture
def operations() -> list[Operation]:
    """Everything that is described."""
    own = ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(with_security_parameters=False)))
    described = Client(headers={"host": "localhost:8000"}).get("/api/openapi.json").json()
    schema = openapi.from_dict(described, config=SchemathesisConfig(projects=own))
    return [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]


def play(operation: Operation, server: str, ids: Mapping[str, str], **caller: Any) -> None:
    """Several requests of each sort, every other one about things that exist."""

    def one(case: Case[Any], existing: bool) -> None:
        if existing:
            for told in (case.path_parameters, case.body):
                if isinstance(told, dict):
                    told |= {name: ids[name] for name in told.keys() & ids.keys()}
        case.call_and_validate(base_url=server, checks=HELD, timeout=20, **caller)

    QUIET(given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), st.booleans())(one))()
    with suppress(Unsatisfiable):  # nothing can be wrong about a request that takes nothing
        QUIET(given(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), st.booleans())(one))()


def test_with_nothing(server: str, ids: dict[str, str], operations: list[Operation]) -> None:
    for operation in operations:
        play(operation, server, ids)


def test_with_an_apps_key(server: str, ids: dict[str, str], operations: list[Operation], app_key: str) -> None:
    for operation in operations:
        if operation.path != STREAM:
            play(operation, server, ids, headers={"Authorization": f"Bearer {app_key}"})


def test_with_an_owners_session(
    server: str, ids: dict[str, str], operations: list[Operation], owner: User, client_for: Callable[..., Client]
) -> None:
    browser = client_for(owner)
    browser.get("/apps")
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    headers = {"X-CSRFToken": cookies[site.CSRF_COOKIE_NAME], "Referer": server}
    for operation in operations:
        play(operation, server, ids, cookies=cookies, headers=headers)
