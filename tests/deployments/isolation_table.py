"""What a stranger may ask, address by address; test_isolation.py asks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HIDDEN = {401, 403, 404}


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
ACTION = {"action_id": "NOTION_CREATE_PAGE", "args": {}}

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
} | {
    "GET /credentials/{slug} (door)": TOOLS["GET /credentials/{slug}"],
    "POST /proxy/composio/v1/execute": tuple(
        Ask(path="/proxy/composio/v1/execute", method="POST", body=ACTION, headers=sent, with_key=True)
        for sent in (PICKED, {"x-vendo-connection": "{external_id}"}, CLAIMED)
    ),
    "POST /hooks/{external_id}": (by_key("/hooks/{external_id}", method="POST"),),
}
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
} | {
    f"POST /api/deployments/{{deployment_id}}/{verb}": (call("POST", f"/api/deployments/{{deployment_id}}/{verb}"),)
    for verb in ("restart", "suspend", "resume", "destroy", "retry", "rollback", "upgrade")
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
    "api/oauth/<slug:slug>/callback/<uuid:attempt_id>": (
        page("/api/oauth/notion/callback/{attempt_id}", told={400}),
        page("/api/oauth/notion/callback/{attempt_id}", told={400}, place="ours"),
    ),
    "connections/requests/<uuid:request_id>/withdraw": (page("/connections/requests/{request_id}/withdraw", x="1"),),
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
    "connections/<uuid:connection_id>/webhooks": (page("/connections/{bot_id}/webhooks"),),
    "connections/<uuid:connection_id>/webhooks/secret": (
        page("/connections/{bot_id}/webhooks/secret", signing_secret="mine"),
    ),
    "connections/<uuid:connection_id>/webhooks/<uuid:delivery_id>/redeliver": (
        page("/connections/{bot_id}/webhooks/{delivery_id}/redeliver", x="1"),
        page("/connections/{own_bot_id}/webhooks/{delivery_id}/redeliver", x="1"),
    ),
    # The former address names another one and looks at nothing.
    "dashboard/connections/<uuid:connection_id>": (page("/dashboard/connections/{connection_id}", told={302}),),
    "deployments/<uuid:deployment_id>": (page("/deployments/{deployment_id}"),),
    "deployments/<uuid:deployment_id>/connections": (page("/deployments/{deployment_id}/connections"),),
    "deployments/<uuid:deployment_id>/connections/use": (
        page("/deployments/{deployment_id}/connections/use", connection="{own_connection_id}"),
        page("/deployments/{own_deployment_id}/connections/use", connection="{connection_id}"),
    ),
    "deployments/<uuid:deployment_id>/connections/<slug:slug>/remove": (
        page("/deployments/{deployment_id}/connections/notion/remove"),
        page("/deployments/{deployment_id}/connections/notion/remove", x="1"),
    ),
    "deployments/<uuid:deployment_id>/logs": (page("/deployments/{deployment_id}/logs"),),
    "deployments/<uuid:deployment_id>/logs/since": (page("/deployments/{deployment_id}/logs/since"),),
    "deployments/<uuid:deployment_id>/logs/download": (page("/deployments/{deployment_id}/logs/download"),),
    "deployments/<uuid:deployment_id>/logs/deploy": (page("/deployments/{deployment_id}/logs/deploy"),),
    "deployments/<uuid:deployment_id>/logs/deploy/download": (
        page("/deployments/{deployment_id}/logs/deploy/download"),
    ),
    "deployments/<uuid:deployment_id>/webhooks": (page("/deployments/{deployment_id}/webhooks"),),
    "deployments/<uuid:deployment_id>/activity": (page("/deployments/{deployment_id}/activity"),),
    "deployments/<uuid:deployment_id>/environment": (page("/deployments/{deployment_id}/environment"),),
    "deployments/<uuid:deployment_id>/environment/save": (
        page("/deployments/{deployment_id}/environment/save", TITLE="Mine"),
    ),
    "deployments/<uuid:deployment_id>/environment/<uuid:variable_id>/reveal": (
        page("/deployments/{deployment_id}/environment/{variable_id}/reveal", x="1"),
        page("/deployments/{own_deployment_id}/environment/{variable_id}/reveal", x="1"),
    ),
    "deployments/<uuid:deployment_id>/restart": (page("/deployments/{deployment_id}/restart", x="1"),),
    "deployments/<uuid:deployment_id>/suspend": (page("/deployments/{deployment_id}/suspend", x="1"),),
    "deployments/<uuid:deployment_id>/resume": (page("/deployments/{deployment_id}/resume", x="1"),),
    "deployments/<uuid:deployment_id>/rollback": (page("/deployments/{deployment_id}/rollback", x="1"),),
    "deployments/<uuid:deployment_id>/retry": (page("/deployments/{deployment_id}/retry", x="1"),),
    "deployments/<uuid:deployment_id>/upgrade": (
        page("/deployments/{deployment_id}/upgrade"),
        page("/deployments/{deployment_id}/upgrade", release="{deployment_id}"),
    ),
    "deployments/<uuid:deployment_id>/destroy": (
        page("/deployments/{deployment_id}/destroy"),
        page("/deployments/{deployment_id}/destroy", confirm="clock"),
    ),
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
    "GET /api/billing/{path}": (by_key("/api/billing/balance?tenant={tenant_id}"),),
}
# It does not end, so that it has a test of its own.
STREAM = "GET /api/deployments/me/events"
ELSEWHERE = ("deploy/",)  # the wizard's own drafts: tests/wizard
