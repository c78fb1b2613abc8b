"""The OpenAPI description of what tools and embedded pages call, beside ninja's own of the dashboard's JSON.

Those addresses are plain views and raw ASGI doors, so they are described here, and here only. Tests hold this against
the URL conf and the doors, and drive every operation to see that it answers as described.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from connections.catalog import all_providers
from deployments.errors import TABLE
from deployments.wire import ConnectionEntries, Envelope, IntegrationOut, IntegrationsOut, TokenOut, TokensOut

type Json = dict[str, Any]

ABOUT = """
Three kinds of callers.

**Tools and embedded pages** send `Authorization: Bearer vendo_sk_…` and get errors as
`{"error": {"code", "message", …}, "detail"}` with the header `Vendo-Error-Code`, unknown addresses (`not_found`) and
wrong methods (`method_not_allowed`) included.

**The dashboard's pages** have a session cookie, send `X-CSRFToken` with writes, and get `{"error": code}`.

**Providers** send webhooks, prove themselves each in its own way, and go by the status.

docs/http-api.md tells it in order.
"""
SLUG = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,38}$", "examples": list(all_providers())[:1]}
BAD_KEY = ("app_unknown", "app_revoked", "app_expired", "rate_limited")
NO_TOKEN = (
    "binding_missing",
    "connection_revoked",
    "connection_needs_reauth",
    "provider_unknown",
    "profile_unsupported",
    "upstream_error",
    "upstream_rate_limited",
)
ANYTHING = ("validation_failed", "internal_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address. `view` is its name in the URL conf; "" where a door in front of Django answers it alone."""

    path: str
    view: str = ""
    methods: tuple[str, ...] = ("get",)
    tag: str
    summary: str
    description: str
    parameters: tuple[Json, ...] = ()
    # A shape, the media type of what is no JSON, or None where another server's answers pass through.
    answer: type[BaseModel] | str | None
    codes: tuple[str, ...]
    needs_key: bool = True
    # Whose answers pass through, where `answer` is None.
    through: str = "provider"
    # Statuses other than the table's, of codes that may come with several.
    statuses: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def parameter(where: str, name: str, about: str, schema: Json | None = None) -> Json:
    """A parameter; those in the path are required."""
    schema = schema or {"type": "string"}
    return {"in": where, "name": name, "required": where == "path", "description": about, "schema": schema}


PICKED = parameter("header", "X-Vendo-Connection", "The id of one of the app's own connections, to insist on it.")
OF_PROVIDER = parameter("path", "slug", "The provider.", SLUG)

ROUTES = (
    Route(
        path="/credentials/{slug}",
        view="credential",
        tag="Tokens",
        summary="Token",
        description="A token that works now, with at least a minute to live unless the provider issues shorter ones.",
        parameters=(OF_PROVIDER, PICKED),
        answer=TokenOut,
        codes=(*BAD_KEY, *NO_TOKEN, *ANYTHING),
    ),
    Route(
        path="/credentials/_bulk",
        view="credentials-bulk",
        tag="Tokens",
        summary="Tokens of several providers",
        description="Null where a single request would be refused. Only a bad key or a malformed slug fails the whole.",
        parameters=(
            parameter("query", "slugs", "Up to 50 slugs, with commas between them.", {"type": "string", "minLength": 1})
            | {"required": True, "example": "notion,googledrive"},
        ),
        answer=TokensOut,
        codes=(*BAD_KEY, *ANYTHING),
    ),
    Route(
        path="/api/deployments/me/connections",
        view="my-connections",
        tag="What an app sees",
        summary="Connections",
        description="One entry for each integration that the app may use. The key of one connection is refused.",
        parameters=(
            parameter(
                "query",
                "sandbox",
                "1 leaves out credentials that only one program may use at a time.",
                {"type": "string", "enum": ["0", "1"]},
            ),
        ),
        answer=ConnectionEntries,
        codes=(*BAD_KEY, *ANYTHING),
    ),
    Route(
        path="/api/deployments/me/events",
        tag="What an app sees",
        summary="Events",
        description="A stream of server-sent events. Each block comes a second time under its former name, same id.",
        parameters=(
            parameter("header", "Last-Event-ID", "Replays what came after this event, then goes on live."),
            parameter("query", "last_event_id", "The same, for clients that can't set the header."),
        ),
        answer="text/event-stream",
        codes=(*BAD_KEY, "rate_limit_sse_streams", *ANYTHING),
    ),
    Route(
        path="/api/integrations",
        view="integrations",
        tag="Catalogue",
        summary="Integrations",
        description="Every provider that can be connected. Public; may be kept for five minutes.",
        answer=IntegrationsOut,
        codes=ANYTHING,
        needs_key=False,
    ),
    Route(
        path="/api/integrations/{slug}",
        view="integration",
        tag="Catalogue",
        summary="Integration",
        description="One of them, unwrapped.",
        parameters=(OF_PROVIDER,),
        answer=IntegrationOut,
        codes=("provider_unknown", *ANYTHING),
        needs_key=False,
    ),
    Route(
        path="/logos/{slug}.svg",
        view="logo",
        tag="Catalogue",
        summary="Logo",
        description="The provider's logo, for pages of any origin.",
        parameters=(OF_PROVIDER,),
        answer="image/svg+xml",
        codes=("provider_unknown", *ANYTHING),
        needs_key=False,
    ),
    Route(
        path="/proxy/{slug}/{path}",
        methods=("get", "post", "put", "patch", "delete"),
        tag="Proxy",
        summary="The provider's API",
        description="Any method, query and body, with the real credential in place of the key. The provider's answers "
        "pass through as they are, without a Vendo-Error-Code; our own refusals carry one. The key may also come as "
        "`x-api-key`.",
        parameters=(OF_PROVIDER, parameter("path", "path", "Below the provider's API; may hold slashes."), PICKED),
        answer=None,
        codes=(*BAD_KEY, *NO_TOKEN, *ANYTHING, "not_found", "method_not_allowed"),
    ),
    Route(
        path="/proxy/composio/v1/execute",
        methods=("post",),
        tag="Proxy",
        summary="An action of Composio's",
        description='`{"action_id", "args"}` → `{"data"}`, with the account of that toolkit which the app uses, if its '
        'tenant signed in by way of Composio. Where nothing is bound: 403 `{"error": "binding_missing", "toolkit"}`. '
        'What Composio refuses: `{"error"}` in its words, with its status; 424 where the action itself failed. Neither '
        "has a Vendo-Error-Code; our own refusals carry one.",
        parameters=(PICKED,),
        answer=None,
        through="broker",
        codes=(*BAD_KEY, "connection_needs_reauth", "upstream_error", *ANYTHING),
    ),
    Route(
        path="/hooks/{external_id}",
        methods=("post",),
        tag="Webhooks",
        summary="A provider's webhook",
        description="What a provider sends by itself, for the deployments that use the connection. 412 where it does "
        "not prove that it comes from the provider; 503 where no deployment can take it now, and the provider shall "
        "send it again. What the deployment answers is passed back: its status, and its body if that is JSON. What has "
        "arrived before is answered with 200 and not forwarded again.",
        parameters=(
            parameter(
                "path",
                "external_id",
                "The connection's, as its page shows it.",
                {"type": "string", "pattern": "^vendo_conn_[0-9a-f]{24}$"},
            ),
        ),
        answer=None,
        through="deployment",
        codes=("not_found", "validation_failed", "upstream_error", "rate_limited", "internal_error"),
        statuses={"validation_failed": (408, 412, 413), "upstream_error": (502, 503)},
        needs_key=False,
    ),
)


def complete(schema: Json) -> None:
    """Add these routes to ninja's description of the rest."""
    for path, operations in schema["paths"].items():
        schema["paths"][path] = {method: _with_own_id(operation, method) for method, operation in operations.items()}
    components = schema["components"]
    components["schemas"] |= _shapes()
    components.setdefault("securitySchemes", {})["Key"] = {"type": "http", "scheme": "bearer"}
    for route in ROUTES:
        schema["paths"][route.path] = {method: _operation(route, method) for method in route.methods}


def _with_own_id(operation: Json, method: str) -> Json:
    """One function under two methods has one id for both in ninja, which OpenAPI does not allow."""
    return operation | {"operationId": f"{method}_{operation['operationId']}"}


def _operation(route: Route, method: str) -> Json:
    name = route.path.translate(str.maketrans("/{}.-", "_____")).strip("_")
    return {
        "operationId": f"{method}_{name}",
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.description,
        "security": [{"Key": []}] if route.needs_key else [],
        "parameters": [*route.parameters],
        "responses": _success(route) | _refusals(route),
    }


def _success(route: Route) -> Json:
    if route.answer is None:
        return {"default": {"description": f"What the {route.through} answered, whatever its status."}}
    if isinstance(route.answer, str):
        content: Json = {route.answer: {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": _reference(route.answer)}}
    return {"200": {"description": "OK", "content": content}}


def _refusals(route: Route) -> Json:
    """Status → the codes that may come with it."""
    by_status: dict[int, list[str]] = {}
    for code in route.codes:
        for status in route.statuses.get(code, (TABLE[code].status,)):
            by_status.setdefault(status, []).append(code)
    return {str(status): _refusal(status, by_status[status]) for status in sorted(by_status)}


def _refusal(status: int, codes: list[str]) -> Json:
    headers: Json = {"Vendo-Error-Code": {"required": True, "schema": {"type": "string", "enum": codes}}}
    if status == 429:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    sentences = "\n".join(f"- `{code}`: {TABLE[code].message}" for code in codes)
    content = {"application/json": {"schema": _reference(Envelope)}}
    return {"description": sentences, "headers": headers, "content": content}


def _reference(shape: type[BaseModel]) -> Json:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _shapes() -> Mapping[str, Json]:
    wanted = {route.answer for route in ROUTES if isinstance(route.answer, type)} | {Envelope}
    shapes = sorted(wanted, key=lambda shape: shape.__name__)
    _, found = models_json_schema(
        [(shape, "serialization") for shape in shapes], ref_template="#/components/schemas/{model}"
    )
    definitions: Mapping[str, Json] = found["$defs"]
    return definitions
