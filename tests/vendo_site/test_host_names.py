"""VENDO_DOMAIN: host names that stand for paths (contract section 13)."""

import json
from typing import Any

import pytest

from tests.vendo_site.test_cross_origin import asked
from vendo_site.host_names import HostNames

DOMAIN = "example.org"


@pytest.fixture(autouse=True)
def base(settings: Any) -> None:
    """The dashboard is on the domain itself."""
    settings.BASE_URL, settings.BASE_HOST = "https://vendo.example.org:8443", "vendo.example.org"
    settings.ALLOWED_HOSTS = ["vendo.example.org", "also.example.org"]


async def telling(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was asked."""
    hosts = [value.decode() for name, value in scope["headers"] if name == b"host"]
    told = json.dumps([scope["path"], scope["raw_path"].decode(), scope["query_string"].decode(), *hosts])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"told", told.encode())]})
    await send({"type": "http.response.body", "body": b""})


def _asked(host: str, path: str = "/", domain: str = DOMAIN, method: str = "GET") -> tuple[int, dict[str, str]]:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"] = [(b"host", host.encode()), *scope["headers"][1:]]
        await HostNames(telling, domain)(scope, receive, send)

    return asked(application, method, path)


def _told(host: str, path: str = "/", domain: str = DOMAIN) -> list[str]:
    status, headers = _asked(host, path, domain)
    assert status == 200
    told: list[str] = json.loads(headers["told"])
    return told


@pytest.mark.parametrize(
    ("host", "path", "becomes"),
    [
        ("credentials.example.org", "/notion", "/credentials/notion"),
        ("credentials.example.org", "/_bulk", "/credentials/_bulk"),
        ("credentials.example.org:8443", "/notion", "/credentials/notion"),
        ("Credentials.Example.ORG.", "/notion", "/credentials/notion"),
        ("notion-proxy.example.org", "/v1/pages", "/proxy/notion/v1/pages"),
        ("notion-proxy.example.org", "/", "/proxy/notion/"),
        ("a-proxy-proxy.example.org", "/x", "/proxy/a-proxy/x"),
        ("hooks.example.org", "/vendo_conn_1", "/hooks/vendo_conn_1"),
        ("credentials.example.org", "/../api/apps", "/credentials/../api/apps"),
    ],
)
def test_a_name_stands_for_a_path(host: str, path: str, becomes: str) -> None:
    assert _told(host, f"{path}?a=%2F") == [becomes, becomes, "a=%2F", "vendo.example.org:8443"]


def test_the_start_of_a_dance_is_sent_to_where_the_cookies_are() -> None:
    status, headers = _asked("notion-oauth-start.example.org", "/?app_key=k&state=a%26b")
    assert (status, headers["location"]) == (
        307,
        "https://vendo.example.org:8443/api/oauth/notion/authorize?app_key=k&state=a%26b",
    )
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize(
    "host",
    ["vendo.example.org", "vendo.example.org:8443", "also.example.org", "example.org", "other.test", "", "localhost"],
)
def test_other_hosts_go_on_as_they_are(host: str) -> None:
    assert _told(host, "/apps") == ["/apps", "/apps", "", host]


@pytest.mark.parametrize(
    "host",
    [
        "nothing.example.org",
        "a.b.example.org",
        "x.credentials.example.org",
        "-proxy.example.org",
        "_-proxy.example.org",
    ],
)
def test_a_name_that_stands_for_nothing_says_so(host: str) -> None:
    status, headers = _asked(host)
    assert (status, headers["vendo-error-code"]) == (404, "not_found")


def test_credentials_of_a_host_that_only_ends_alike_are_not_meant() -> None:
    assert _told("credentials.badexample.org", "/notion")[0] == "/notion"


def test_without_a_domain_there_are_only_paths() -> None:
    assert _told("credentials.example.org", "/notion", domain="")[0] == "/notion"


@pytest.mark.django_db(transaction=True)
def test_the_whole_application_answers_under_a_name(settings: Any) -> None:
    """Past the check of allowed hosts too, since the request is the base address's by then."""
    from django.core.asgi import get_asgi_application

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"] = [(b"host", b"credentials.example.org"), *scope["headers"][1:]]
        await HostNames(get_asgi_application(), DOMAIN)(scope, receive, send)

    settings.SECURE_SSL_REDIRECT = False
    status, headers = asked(application, "GET", "/notion", accept="text/html")
    assert (status, headers["vendo-error-code"]) == (401, "app_unknown")
