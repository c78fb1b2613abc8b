"""One tenant can't see, guess or change anything of another: every address of contract sections 3 to 8.

A stranger asks with our ids, keys and states, and once more with ones that do not exist. Both answers must be the same,
byte for byte, hold nothing of ours, and change nothing of ours. An address that is not in the table fails the test.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from django.test import Client

from connections import connect as journey
from connections.models import Connection, Integration
from deployments import bindings, keys
from deployments.models import ApiKey, App, Binding, Deployment, Event
from deployments.projects import create_project
from tenants.models import Tenant, User
from tests.deployments.test_description import described, doors
from tests.servers import serving
from tests.test_access import OURS
from vendo_site.asgi import http

type Things = dict[str, str]

HIDDEN = {401, 403, 404}
VARIES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|vendo_conn_\w+|vendo_sk_[\w-]+|req_\w+"
    r'|(?<=csrfmiddlewaretoken" value=")\w+|(?<="x-csrftoken": ")\w+'
    r"|(?<=state=)[\w-]+|(?<=code_challenge=)[\w-]+|(?<=intent=)[\w:.%-]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z"
)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request of the stranger's. `{name}` stands for something of ours, `{own_name}` for something of the stranger's.

    `told` are the statuses it may have. Others than `HIDDEN` stand where the stranger asks for what is everybody's, or
    the stranger's own, and our id beside it counts for nothing.
    """

    path: str
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    with_key: bool = False
    told: frozenset[int] = frozenset(HIDDEN)


def by_key(path: str, sent: Mapping[str, str] = {}, *, told: set[int] = HIDDEN, method: str = "GET") -> Ask:
    """A tool's request, with the stranger's key."""
    return Ask(path=path, method=method, headers=sent, with_key=True, told=frozenset(told))


def page(path: str, *, told: set[int] = HIDDEN, **form: str) -> Ask:
    """What a person opens, or sends as a form."""
    return Ask(path=path, method="POST" if form else "GET", body=form or None, told=frozenset(told))


def call(method: str, path: str, body: Mapping[str, Any] = {}, *, told: set[int] = HIDDEN) -> Ask:
    """What a page of the dashboard asks for as JSON."""
    return Ask(path=path, method=method, body=body, headers={"content-type": "application/json"}, told=frozenset(told))


PICKED = {"x-vendo-connection": "{connection_id}"}
CLAIMED = {"x-vendo-tenant-id": "{tenant_id}", "x-vendo-app-id": "{app_id}", "x-vendo-user-jwt": "{app_id}"}
BIND = {"provider_slug": "notion", "connection_id": "{connection_id}"}

# As in the description: METHOD and path.
TOOLS: dict[str, tuple[Ask, ...]] = {
    "GET /credentials/{slug}": (
        by_key("/credentials/notion", PICKED),
        by_key("/credentials/notion", {"x-vendo-connection": "{external_id}"}),
        by_key("/credentials/notion", CLAIMED),
    ),
    "GET /credentials/_bulk": (by_key("/credentials/_bulk?slugs=notion", PICKED | CLAIMED, told={200}),),
    "GET /api/deployments/me/connections": (by_key("/api/deployments/me/connections", CLAIMED, told={200}),),
    "GET /api/integrations": (by_key("/api/integrations", CLAIMED, told={200}),),
    "GET /api/integrations/{slug}": (by_key("/api/integrations/notion", CLAIMED, told={200}),),
    "GET /logos/{slug}.svg": (by_key("/logos/notion.svg", CLAIMED, told={200}),),
}
IN_FRONT: dict[str, tuple[Ask, ...]] = {
    f"{method} /proxy/{{slug}}/{{path}}": (
        by_key("/proxy/notion/v1/users/me", PICKED, method=method),
        by_key("/proxy/notion/v1/users/me", CLAIMED, method=method),
    )
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
} | {"GET /credentials/{slug} (door)": TOOLS["GET /credentials/{slug}"]}
DASHBOARD: dict[str, tuple[Ask, ...]] = {
    "GET /api/apps": (Ask(path="/api/apps", told=frozenset({200})),),
    "POST /api/apps": (call("POST", "/api/apps", {"name": "Laptop"}, told={201}),),
    "PATCH /api/apps/{app_id}": (call("PATCH", "/api/apps/{app_id}", {"name": "Mine now"}),),
    "POST /api/apps/{app_id}/keys": (call("POST", "/api/apps/{app_id}/keys", {"name": "Mine now"}),),
    "GET /api/apps/{app_id}/bindings": (call("GET", "/api/apps/{app_id}/bindings"),),
    "POST /api/apps/{app_id}/bindings": (
        call("POST", "/api/apps/{app_id}/bindings", BIND | {"connection_id": "{own_connection_id}"}),
        call("POST", "/api/apps/{own_app_id}/bindings", BIND),
    ),
    "PUT /api/apps/{app_id}/bindings": (
        call("PUT", "/api/apps/{app_id}/bindings", BIND | {"connection_id": "{own_connection_id}"}),
        call("PUT", "/api/apps/{own_app_id}/bindings", BIND),
    ),
    "DELETE /api/apps/{app_id}/bindings/{provider_slug}": (call("DELETE", "/api/apps/{app_id}/bindings/notion"),),
    "GET /api/keys": (Ask(path="/api/keys", told=frozenset({200})),),
    "DELETE /api/keys/{key_id}": (call("DELETE", "/api/keys/{key_id}"),),
    "POST /api/connections/{connection_id}/keys": (
        call("POST", "/api/connections/{connection_id}/keys", {"name": "Mine"}),
    ),
    "DELETE /api/connections/{connection_id}": (call("DELETE", "/api/connections/{connection_id}"),),
    "POST /api/connections/bind-deployment": (
        call(
            "POST",
            "/api/connections/bind-deployment",
            {"connection_id": "{own_connection_id}", "deployment_id": "{deployment_id}"},
        ),
        call(
            "POST",
            "/api/connections/bind-deployment",
            {"connection_id": "{connection_id}", "deployment_id": "{own_deployment_id}"},
        ),
    ),
    "POST /api/deploy": (
        call("POST", "/api/deploy", {"toolSlug": "clock", "selectedBindings": {"notion": "{connection_id}"}}),
        call("POST", "/api/deploy", {"toolSlug": "clock", "bindings": {"notion": "{connection_id}"}}),
    ),
    "GET /api/deployments/{deployment_id}": (call("GET", "/api/deployments/{deployment_id}"),),
    "POST /api/deployments/{deployment_id}/retry": (call("POST", "/api/deployments/{deployment_id}/retry"),),
}
# As in the URL conf.
PAGES: dict[str, tuple[Ask, ...]] = {
    "connections/connect/<slug:slug>": (
        page("/connections/connect/notion?app={app_id}"),
        page("/connections/connect/notion?app_key={key}"),
        page("/connections/connect/notion?connection={connection_id}", told={200}),
        page("/connections/connect/notion", connection="{connection_id}"),
    ),
    "api/oauth/<slug:slug>/authorize": (
        page("/api/oauth/notion/authorize?app={app_id}"),
        page("/api/oauth/notion/authorize?app_key={key}"),
        page("/api/oauth/notion/authorize?connection={connection_id}", told={302}),
    ),
    "api/oauth/<slug:slug>/callback": (page("/api/oauth/notion/callback?code=c&state={state}", told={400, 403}),),
    "connections/<uuid:connection_id>": (page("/connections/{connection_id}"),),
    "connections/<uuid:connection_id>/test": (page("/connections/{connection_id}/test", x="1"),),
    "connections/<uuid:connection_id>/rename": (page("/connections/{connection_id}/rename", display_name="Mine"),),
    "connections/<uuid:connection_id>/disconnect": (page("/connections/{connection_id}/disconnect", x="1"),),
    "connections/<uuid:connection_id>/keys": (page("/connections/{connection_id}/keys"),),
    "connections/<uuid:connection_id>/keys/new": (page("/connections/{connection_id}/keys/new", name="Mine"),),
    "connections/<uuid:connection_id>/keys/<uuid:key_id>/revoke": (
        page("/connections/{connection_id}/keys/{connection_key_id}/revoke", x="1"),
        page("/connections/{own_connection_id}/keys/{connection_key_id}/revoke", x="1"),
    ),
    # The former address names another one and looks at nothing.
    "dashboard/connections/<uuid:connection_id>": (page("/dashboard/connections/{connection_id}", told={302}),),
    "deployments/<uuid:deployment_id>": (page("/deployments/{deployment_id}"),),
    "deployments/<uuid:deployment_id>/connections": (page("/deployments/{deployment_id}/connections"),),
    "deployments/<uuid:deployment_id>/logs": (page("/deployments/{deployment_id}/logs"),),
    "deployments/<uuid:deployment_id>/environment": (page("/deployments/{deployment_id}/environment"),),
    "deployments/<uuid:deployment_id>/retry": (page("/deployments/{deployment_id}/retry", x="1"),),
    "apps/<uuid:app_id>": (page("/apps/{app_id}"),),
    "apps/<uuid:app_id>/keys": (page("/apps/{app_id}/keys", name="Mine"),),
    "apps/<uuid:app_id>/keys/<uuid:key_id>/revoke": (
        page("/apps/{app_id}/keys/{key_id}/revoke", x="1"),
        page("/apps/{own_app_id}/keys/{key_id}/revoke", x="1"),
    ),
    "apps/<uuid:app_id>/origins": (page("/apps/{app_id}/origins", origins="https://evil.example"),),
}
# Of section 6, and described once they answer: they say that there is nothing.
LATER = {
    "POST /hooks/{external_id}": (by_key("/hooks/{external_id}", method="POST"),),
    "GET /api/billing/{path}": (by_key("/api/billing/balance?tenant={tenant_id}"),),
}
# It does not end, so that it has a test of its own.
STREAM = "GET /api/deployments/me/events"
ELSEWHERE = ("deploy/",)  # the wizard's own drafts: tests/wizard


def rows(*tables: Mapping[str, tuple[Ask, ...]]) -> list[Any]:
    named = [(f"{name} {number}", ask) for table in tables for name in table for number, ask in enumerate(table[name])]
    return [pytest.param(ask, id=name) for name, ask in named]


def test_every_operation_is_in_the_table() -> None:
    named = {name for name in TOOLS | IN_FRONT | DASHBOARD if not name.endswith(")")} | {STREAM}
    assert {f"{method} {path}" for method, path, _ in described()} == named


def test_every_page_with_an_id_is_in_the_table() -> None:
    ours = [route for route, _ in OURS if not route.startswith(ELSEWHERE)]
    assert {route for route in ours if "<uuid:" in route or "oauth/" in route or "connect/<" in route} == PAGES.keys()


def test_a_path_of_the_table_is_one_of_its_address() -> None:
    for name, asks in (TOOLS | DASHBOARD).items():
        method, path = name.split()
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        assert all(ask.method == method and pattern.fullmatch(urlsplit(ask.path).path) for ask in asks), name


# --- the two workspaces -----------------------------------------------------------------------------------------------


def furnished(
    tenant: Tenant, make_connection: Callable[..., Connection], make_deployment: Callable[..., Deployment]
) -> Things:
    """A workspace with one of each, and the ids of them."""
    connection = make_connection(tenant, "notion", display_name=f"{tenant.name} wiki", token=f"token-of-{tenant.slug}")
    app = create_project(tenant, f"{tenant.name} laptop")
    deployment = make_deployment(tenant, "notion", slug=f"{tenant.slug}-clock", status=Deployment.Status.FAILED)
    bindings.bind(deployment.app, connection)
    key, text = keys.mint(app, f"{tenant.name} key")
    connection_key, _ = keys.mint_for_connection(connection, f"{tenant.name} cron")
    return {
        "tenant_id": str(tenant.pk),
        "app_id": str(app.pk),
        "deployment_id": str(deployment.pk),
        "connection_id": str(connection.pk),
        "external_id": connection.external_id,
        "key_id": str(key.pk),
        "connection_key_id": str(connection_key.pk),
        "key": text,
    }


@pytest.fixture
def theirs(
    other_tenant: Tenant, make_connection: Callable[..., Connection], make_deployment: Callable[..., Deployment]
) -> Things:
    """What the stranger has. Nothing of it is bound to the app of the stranger's key."""
    things = furnished(other_tenant, make_connection, make_deployment)
    return {f"own_{name}": value for name, value in things.items()}


@pytest.fixture
def ours(
    tenant: Tenant,
    owner: User,
    notion: Integration,
    make_connection: Callable[..., Connection],
    make_deployment: Callable[..., Deployment],
) -> Things:
    """What the stranger wants."""
    things = furnished(tenant, make_connection, make_deployment)
    bindings.bind(App.everyone.get(pk=things["app_id"]), Connection.everyone.get(pk=things["connection_id"]))
    started = journey.start(owner, tenant, notion, journey.Wish())
    return things | {"state": parse_qs(urlsplit(started.url).query)["state"][0]}


def nothing() -> Things:
    """Ids of the same form that nobody has."""
    made = dict.fromkeys(("app_id", "deployment_id", "connection_id", "key_id", "connection_key_id", "tenant_id"), "")
    unknown = {name: str(uuid4()) for name in made}
    return unknown | {
        "external_id": f"vendo_conn_{uuid4().hex[:24]}",
        "key": f"vendo_sk_{uuid4().hex}",
        "state": f"{uuid4().hex}{uuid4().hex[:11]}",
    }


def filled(text: str, things: Things) -> str:
    for name, value in things.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def state_of(tenant: Tenant) -> list[Any]:
    models = (App, ApiKey, Binding, Connection, Deployment)
    return [list(model.everyone.filter(tenant=tenant).order_by("pk").values()) for model in models]


def masked(status: int, headers: Mapping[str, str], text: str) -> tuple[int, dict[str, str], str]:
    kept = {name.lower(): VARIES.sub("…", value) for name, value in headers.items()}
    for name in ("content-length", "set-cookie", "date", "expires", "server"):
        kept.pop(name, None)
    return status, kept, VARIES.sub("…", text)


def hold_nothing_of(ours: Things, asked: str, text: str) -> None:
    secret = ["token-of-acme", "Acme wiki", "Acme laptop", "Acme key", "acme-clock"]
    secret += [value for value in ours.values() if value not in asked]
    assert [told for told in secret if told in text] == []


# --- the two tests ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("ask", rows(TOOLS, DASHBOARD, PAGES, LATER))
def test_a_stranger_learns_nothing_and_changes_nothing(
    ask: Ask, ours: Things, theirs: Things, stranger: User, client_for: Callable[[User], Client]
) -> None:
    tenant = Tenant.objects.get(slug="acme")
    before, answers = state_of(tenant), []
    for things in (ours, nothing()):
        client = Client(headers={"host": "localhost:8000"}) if ask.with_key else client_for(stranger)
        response = _send(client, ask, things | theirs)
        assert response.status_code in ask.told, response.content
        hold_nothing_of(ours, filled(repr(ask), things), f"{response.text}{response.headers}")
        answers.append(masked(response.status_code, dict(response.headers), response.text))
    assert answers[0] == answers[1]
    assert state_of(tenant) == before


def _send(client: Client, ask: Ask, things: Things) -> Any:
    path = filled(ask.path, things)
    headers = {name: filled(value, things) for name, value in ask.headers.items()}
    if ask.with_key:
        headers["authorization"] = f"Bearer {things['own_key']}"
    if ask.body is not None and "content-type" not in headers:
        return client.post(path, {name: filled(value, things) for name, value in ask.body.items()}, headers=headers)
    body = filled(json.dumps(ask.body), things) if ask.body is not None else ""
    content_type = headers.pop("content-type", "application/octet-stream")
    return client.generic(ask.method, path, body, content_type=content_type, headers=headers)


@pytest.mark.django_db(transaction=True)
def test_nor_from_events(ours: Things, theirs: Things) -> None:
    """An event of ours is as unknown to a stranger as one that never was: no replay of anything."""
    event = Event.everyone.filter(app_id=ours["app_id"]).latest("sequence")
    answers = []
    with serving(http, at_the_end=_close) as url:
        for last in (event.id, f"evt_{uuid4().hex[:24]}"):
            headers = {"authorization": f"Bearer {theirs['own_key']}", "last-event-id": last}
            address = f"{url}{STREAM.split()[1]}"
            with requests.get(address, headers=headers, stream=True, timeout=20) as response:
                begin = next(response.iter_content(4096)).decode()
                hold_nothing_of(ours, last, f"{begin}{response.headers}")
                answers.append(masked(response.status_code, response.headers, begin))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


async def _close() -> None:
    for door in doors():
        for name in ("close", "aclose"):
            if close := getattr(door, name, None):
                await close()


@pytest.mark.django_db(transaction=True)
def test_nor_does_a_stranger_at_the_doors_in_front(ours: Things, theirs: Things) -> None:
    tenant = Tenant.objects.get(slug="acme")
    before = state_of(tenant)
    with serving(http, at_the_end=_close) as url:
        for row in rows(IN_FRONT):
            (ask,) = row.values
            answers = []
            for things in (ours | theirs, nothing() | theirs):
                headers = {name: filled(value, things) for name, value in ask.headers.items()}
                headers["authorization"] = f"Bearer {theirs['own_key']}"
                response = requests.request(ask.method, f"{url}{ask.path}", headers=headers, timeout=20)
                assert response.status_code in ask.told, row.id
                hold_nothing_of(ours, repr(headers), f"{response.text}{response.headers}")
                answers.append(masked(response.status_code, response.headers, response.text))
            assert answers[0] == answers[1], row.id
    assert state_of(tenant) == before
