"""The dashboard's JSON: who may call what, the shape of refusals, and its own description."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connections.models import Connection
from deployments import api_apps, bindings, keys
from deployments.api import api
from deployments.models import ApiKey, App, Deployment, Release
from deployments.projects import create_project
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db
type Things = dict[str, str]


def things_of(tenant: Tenant, make_connection: Callable[..., Connection], deployment: Deployment) -> Things:
    """One of each kind of thing, by the name of its URL parameter."""
    app = create_project(tenant, "Laptop")
    key, _ = keys.mint(app, "laptop")
    connection = make_connection(tenant, "notion")
    bindings.bind(app, connection)
    return {
        "app_id": str(app.pk),
        "key_id": str(key.pk),
        "connection_id": str(connection.pk),
        "deployment_id": str(deployment.pk),
        "provider_slug": "notion",
    }


@pytest.fixture
def things(
    tenant: Tenant, make_connection: Callable[..., Connection], make_deployment: Callable[..., Deployment]
) -> Things:
    return things_of(tenant, make_connection, make_deployment(tenant, status=Deployment.Status.FAILED))


class Operation(NamedTuple):
    """One thing that can be called, and who may."""

    method: str
    path: str
    access: str


def operations() -> Iterator[Operation]:
    for bound in api._get_bound_routers():
        for path, view in bound.path_operations.items():
            for operation in view.operations:
                access = operation.auth_callbacks[0].access  # type: ignore[attr-defined]
                for method in operation.methods:
                    yield Operation(method, "/api" + re.sub(r"\{\w+:", "{", path), access)


ALL = sorted(operations())
BODIES: dict[str, Any] = {
    "POST /api/apps": {"name": "New"},
    "PATCH /api/apps/{app_id}": {"name": "New"},
    "POST /api/apps/{app_id}/keys": {"name": "New"},
    "POST /api/connections/{connection_id}/keys": {"name": "New"},
    "POST /api/apps/{app_id}/bindings": {"provider_slug": "notion", "connection_id": "{connection_id}"},
    "PUT /api/apps/{app_id}/bindings": {"provider_slug": "notion", "connection_id": "{connection_id}"},
    "POST /api/connections/bind-deployment": {"connection_id": "{connection_id}", "deployment_id": "{deployment_id}"},
    "POST /api/deploy": {"toolSlug": "clock", "deploymentSlug": "second"},
}


def make_sensible(operation: Operation, things: Things) -> None:
    """Bring the deployment into a state in which the operation makes sense. It has failed otherwise."""
    verb, rows = operation.path.rpartition("/")[2], Deployment.everyone.filter(pk=things["deployment_id"])
    release = rows.get().release
    match verb:
        case "restart" | "suspend" | "rollback":
            rows.update(status="running", operation="", url="http://x", previous_release=release)
        case "resume":
            rows.update(status="suspended", operation="", desired_state="suspended", url="http://x")
        case "upgrade":
            Release.objects.update(status="superseded")
            Release.objects.create(
                tool=release.tool, version="9", manifest=release.manifest, template=release.template, digest="x"
            )


def call(client: Client, operation: Operation, things: Things) -> Any:
    """Call an operation with a body that it takes."""
    method, path, _ = operation
    body = json.dumps(BODIES.get(f"{method} {path}", {}))
    for name, value in things.items():
        path = path.replace(f"{{{name}}}", value)
        body = body.replace(f"{{{name}}}", value)
    return client.generic(method, path, body, content_type="application/json")


def test_everything_of_the_contract_is_there() -> None:
    found = {f"{method} {path}" for method, path, _ in ALL}
    assert found == {
        "GET /api/apps",
        "POST /api/apps",
        "PATCH /api/apps/{app_id}",
        "POST /api/apps/{app_id}/keys",
        "GET /api/apps/{app_id}/bindings",
        "POST /api/apps/{app_id}/bindings",
        "PUT /api/apps/{app_id}/bindings",
        "DELETE /api/apps/{app_id}/bindings/{provider_slug}",
        "POST /api/connections/bind-deployment",
        "GET /api/keys",
        "DELETE /api/keys/{key_id}",
        "POST /api/connections/{connection_id}/keys",
        "DELETE /api/connections/{connection_id}",
        "POST /api/deploy",
        "GET /api/deployments/{deployment_id}",
        "POST /api/deployments/{deployment_id}/retry",
        "POST /api/deployments/{deployment_id}/restart",
        "POST /api/deployments/{deployment_id}/suspend",
        "POST /api/deployments/{deployment_id}/resume",
        "POST /api/deployments/{deployment_id}/destroy",
        "POST /api/deployments/{deployment_id}/upgrade",
        "POST /api/deployments/{deployment_id}/rollback",
    }


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: f"{operation.method} {operation.path}")
class TestEveryOperation:
    def test_writes_are_for_writers(self, operation: Operation) -> None:
        assert operation.access == ("member" if operation.method == "GET" else "writer")

    def test_nobody(self, things: Things, browser: Client, operation: Operation) -> None:
        response = call(browser, operation, things)
        assert (response.status_code, response.json()) == (401, {"error": "unauthorized"})

    def test_an_api_key_is_no_session(
        self, things: Things, tool_client: Callable[[str], Client], operation: Operation
    ) -> None:
        client = tool_client(keys.mint(App.everyone.get(pk=things["app_id"]), "x")[1])
        assert call(client, operation, things).status_code == 401

    def test_somebody_without_a_workspace(
        self, things: Things, client_for: Callable[[User], Client], operation: Operation
    ) -> None:
        newcomer = User.objects.create_user("new@example.com", "correct horse battery")
        response = call(client_for(newcomer), operation, things)
        assert (response.status_code, response.json()) == (404, {"error": "no_tenant"})

    def test_a_viewer_may_look(
        self, things: Things, viewer: User, client_for: Callable[[User], Client], operation: Operation
    ) -> None:
        response = call(client_for(viewer), operation, things)
        if operation.access == "writer":
            assert (response.status_code, response.json()) == (403, {"error": "forbidden"})
        else:
            assert response.status_code == 200

    def test_a_member_may(
        self, things: Things, member: User, client_for: Callable[[User], Client], operation: Operation
    ) -> None:
        make_sensible(operation, things)
        response = call(client_for(member), operation, things)
        assert response.status_code in {200, 201}, response.content
        assert response.headers["Cache-Control"] == "no-store"

    def test_a_stranger_learns_nothing(
        self, things: Things, stranger: User, client_for: Callable[[User], Client], operation: Operation
    ) -> None:
        """Somebody else's ids answer word for word as ids that do not exist."""
        client = client_for(stranger)
        before = [list(model.everyone.order_by("pk").values()) for model in (App, ApiKey, Connection, Deployment)]
        response = call(client, operation, things)
        unknown = call(client, operation, dict.fromkeys(things, str(uuid4())) | {"provider_slug": "notion"})
        assert (response.status_code, response.content) == (unknown.status_code, unknown.content) or (
            response.status_code == 201 and operation.path in {"/api/apps", "/api/deploy"}
        )
        assert not any(value in response.content.decode() for name, value in things.items() if name.endswith("_id"))
        if "{" in operation.path:
            assert (response.status_code, response.json()) == (404, {"error": "not_found"})
            after = [list(model.everyone.order_by("pk").values()) for model in (App, ApiKey, Connection, Deployment)]
            assert after == before

    def test_a_write_needs_a_csrf_token(self, things: Things, member: User, operation: Operation) -> None:
        client = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
        client.force_login(member)
        response = call(client, operation, things)
        if operation.method == "GET":
            assert response.status_code == 200
            return
        assert (response.status_code, response.json()) == (403, {"error": "csrf_failed"})
        make_sensible(operation, things)
        client.get("/apps")  # a page hands the cookie out
        client.defaults["HTTP_X_CSRFTOKEN"] = client.cookies[settings.CSRF_COOKIE_NAME].value
        assert call(client, operation, things).status_code in {200, 201}

    def test_a_wrong_method(
        self, things: Things, member: User, client_for: Callable[[User], Client], operation: Operation
    ) -> None:
        response = call(client_for(member), operation._replace(method="TRACE"), things)
        assert (response.status_code, response.json()) == (405, {"error": "method_not_allowed"})
        assert operation.method in response.headers["Allow"]


def test_the_bare_root(browser: Client) -> None:
    response = browser.get("/api/")
    assert (response.status_code, response.json()) == (404, {"error": "not_found"})


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/billing/balance", "/api/apps/not-a-uuid/keys"])
def test_addresses_that_are_not_there_answer_in_the_envelope(browser: Client, path: str) -> None:
    response = browser.get(path)
    assert response.status_code == 404
    assert response.headers["Vendo-Error-Code"] == "not_found"
    assert response.json()["error"]["code"] == "not_found"


def test_a_body_that_is_too_large(member: User, client_for: Callable[[User], Client]) -> None:
    body = json.dumps({"name": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    response = client_for(member).generic("POST", "/api/apps", body, content_type="application/json")
    assert (response.status_code, response.json()["error"]) == (400, "validation_failed")


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"name": 5}', '{"name": ""}', '{"name": "\\u0000"}', "\xff"])
def test_a_malformed_body(member: User, client_for: Callable[[User], Client], body: str) -> None:
    response = client_for(member).generic("POST", "/api/apps", body.encode("latin-1"), content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"] == "validation_failed"


def test_a_refusal_names_fields_and_repeats_nothing(member: User, client_for: Callable[[User], Client]) -> None:
    response = client_for(member).post("/api/apps", {"name": "typed-secret" * 20}, content_type="application/json")
    assert list(response.json()["fields"]) == ["name"]
    assert "typed-secret" not in response.content.decode()


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text()
                | st.sampled_from(
                    [
                        "name",
                        "toolSlug",
                        "selectedBindings",
                        "userVariables",
                        "provider_slug",
                        "connection_id",
                        "allowed_origins",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_body_makes_a_5xx(member: User, things: Things, client_for: Callable[[User], Client], body: Any) -> None:
    client = client_for(member)
    for method, path, _ in ALL:
        if method in {"POST", "PUT", "PATCH"}:
            for name, value in things.items():
                path = path.replace(f"{{{name}}}", value)  # noqa: PLW2901
            response = client.generic(method, path, json.dumps(body), content_type="application/json")
            assert response.status_code < 500


def test_a_crash_leaves_a_number(
    member: User,
    client_for: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(api_apps, "apps_of", crash)
    response = client_for(member).get("/api/apps")
    assert response.status_code == 500
    assert response.json()["error"] == "internal_error"
    assert response.json()["request"] in caplog.text
    assert "inner secret" not in response.content.decode()


# --- its description --------------------------------------------------------------------------------------------------


def test_the_page_keeps_to_the_content_policy(browser: Client) -> None:
    response = browser.get("/api/docs")
    text = response.content.decode()
    assert response.status_code == 200
    assert "/static/ninja/swagger-ui-bundle.js" in text
    assert "://" not in text  # nothing from elsewhere
    for script in text.split("<script")[1:]:
        assert "src=" in script.partition(">")[0] or "application/json" in script.partition(">")[0]
    assert " style=" not in text
    assert " on" not in text.replace(" on ", "")
