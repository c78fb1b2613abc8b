"""Who may call us from a page of another origin (contract section 9)."""

import asyncio
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from deployments.proxy_door import ProxyDoor
from vendo_site.cross_origin import CORS

PAGE = {"Origin": "https://page.example"}
TOOLS = [
    "/credentials/notion", "/credentials/_bulk?slugs=a", "/credentials/no/such", "/api/deployments/me/connections",
    "/api/deployments/me/events", "/api/deployments/me/nothing", "/api/integrations", "/api/integrations/notion",
    "/api/billing/balance",
]  # fmt: skip
PEOPLE = [
    "/", "/api/apps", "/api/keys", "/api/deployments/0a0a0a0a-0000-4000-8000-000000000000", "/api/deployments/mean",
    "/api/deploy", "/api/connections/bind-deployment", "/api/oauth/notion/authorize", "/connections/connect/notion",
    "/accounts/login/", "/api/openapi.json", "/healthz", "/credentialsx", "/api/integrationsx", "/proxyx",
]  # fmt: skip
NAMED = [
    "Authorization", "Content-Type", "Vendo-API-Version", "X-Vendo-User-JWT", "Idempotency-Key", "Last-Event-ID",
    "Accept", "User-Agent",
]  # fmt: skip


def asked(application: Any, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; no header may come twice."""
    path, _, query = path.partition("?")
    sent = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": [(b"host", b"localhost:8000"), *sent], "scheme": "http",
    }  # fmt: skip
    told: list[dict[str, Any]] = []

    unsaid = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not unsaid:
            await asyncio.Event().wait()  # listens on, and says nothing more
        return unsaid.pop()

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    asyncio.run(application(scope, receive, send))
    names = [name.decode().lower() for name, _ in told[0]["headers"]]
    assert len(names) == len(set(names)) or "vary" in names
    return told[0]["status"], {name.decode().lower(): value.decode() for name, value in told[0]["headers"]}


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """Any application."""
    await send({"type": "http.response.start", "status": 418, "headers": [(b"vendo-error-code", b"x")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("path", TOOLS)
@pytest.mark.parametrize("wanted", ["authorization", "x-anything", "authorization,last-event-id,x-own"])
def test_a_preflight_without_a_key_is_answered(path: str, wanted: str) -> None:
    ask = {"access_control_request_method": "GET", "access_control_request_headers": wanted, "cookie": "a=b"}
    status, headers = asked(CORS(behind), "OPTIONS", path, **PAGE, **ask)
    assert status == 204
    assert headers["access-control-allow-origin"] == "*"
    assert set(NAMED) <= set(headers["access-control-allow-headers"].split(", "))
    assert {"GET", "POST", "DELETE"} <= set(headers["access-control-allow-methods"].split(", "))
    assert int(headers["access-control-max-age"]) >= 3600
    assert "access-control-allow-credentials" not in headers


def test_a_preflight_for_the_proxy_allows_what_any_provider_may_want() -> None:
    status, headers = asked(CORS(behind), "OPTIONS", "/proxy/notion/x", **PAGE, access_control_request_method="PUT")
    assert (status, headers["access-control-allow-origin"]) == (204, "*")
    assert headers["access-control-allow-headers"].split(", ") == ["Authorization", "*"]


@pytest.mark.parametrize("path", [*TOOLS, "/proxy/notion/x"])
@pytest.mark.parametrize("cookie", [{}, {"cookie": "vendo_session=x"}])
def test_answers_can_be_read_by_any_page(path: str, cookie: dict[str, str]) -> None:
    status, headers = asked(CORS(behind), "GET", path, **PAGE, **cookie)
    assert (status, headers["access-control-allow-origin"]) == (418, "*")
    assert {"Vendo-Error-Code", "Retry-After"} <= set(headers["access-control-expose-headers"].split(", "))
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("path", PEOPLE)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_the_rest_stays_on_its_origin(path: str, method: str) -> None:
    _, headers = asked(CORS(behind), method, path, **PAGE, access_control_request_method="GET")
    assert not [name for name in headers if name.startswith("access-control-")]


def test_an_options_request_that_is_no_preflight_goes_on() -> None:
    assert asked(CORS(behind), "OPTIONS", "/proxy/notion/x", **PAGE)[0] == 418


@pytest.mark.parametrize("path", ["/credentials/notion", "/api/deployments/me/events", "/proxy/notion/x"])
def test_tools_that_are_no_pages_pay_nothing(path: str) -> None:
    assert asked(CORS(behind), "GET", path)[1] == {"vendo-error-code": "x"}


def test_what_caches_keep_is_readable_whoever_asked_first() -> None:
    assert asked(CORS(behind), "GET", "/api/integrations")[1]["access-control-allow-origin"] == "*"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/credentials/notion", "/credentials/no/such", "/proxy/notion/x", "/proxy"])
def test_refusals_can_be_read_too(path: str) -> None:
    status, headers = asked(CORS(ProxyDoor(get_asgi_application())), "GET", path, **PAGE)
    assert status in {401, 404}
    assert (headers["access-control-allow-origin"], bool(headers["vendo-error-code"])) == ("*", True)


def test_an_answer_says_it_once() -> None:
    async def outspoken(scope: Any, receive: Any, send: Any) -> None:
        said = [
            (b"Access-Control-Allow-Origin", b"https://page.example"),
            (b"access-control-allow-credentials", b"true"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": said})
        await send({"type": "http.response.body", "body": b""})

    headers = asked(CORS(outspoken), "GET", "/credentials/notion", **PAGE)[1]
    assert (headers["access-control-allow-origin"], "access-control-allow-credentials" in headers) == ("*", False)
