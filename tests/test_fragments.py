"""One way to render a thing: a fragment is, word for word, a part of its page."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from connections import vault
from connections.models import Connection, Integration
from deployments import bindings, runtimes
from deployments.models import App, Deployment, EnvironmentVariable
from deployments.projects import create_project
from deployments.runtimes import Output
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release

ROOT = Path(__file__).parent.parent
PARTIAL = re.compile(r"{% partialdef ([^ %]+)")
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")
# What differs from one answer to the next: CSRF tokens, and the time that is signed into an intent.
VARIES = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<=intent=)[\w:.-]+')

# Each place stands for a view that has fragments: how to ask for its page.
PLACES: dict[str, str] = {
    "wizard:home": "/",
    "connections:list": "/connections",
    "connections:detail": "/connections/{connection}",
    "deployments:list": "/deployments",
    "deployments:detail": "/deployments/{deployment}",
    "deployments:connections": "/deployments/{deployment}/connections",
    "deployments:logs": "/deployments/{deployment}/logs",
    "deployments:deploy-log": "/deployments/{deployment}/logs/deploy",
    "deployments:webhooks": "/deployments/{deployment}/webhooks",
    "deployments:connection-webhooks": "/connections/{bot}/webhooks",
    "deployments:activity": "/deployments/{deployment}/activity",
    "deployments:environment": "/deployments/{deployment}/environment",
    "deployments:environment-reveal": "POST /deployments/{deployment}/environment/{variable}/reveal",
    "deployments:apps": "/apps",
    "deployments:app": "/apps/{project}",
    # An empty name is refused, so both answers are the same; a minted key would be another one each time.
    "deployments:app-mint-key": "POST /apps/{project}/keys",
    "deployments:connection-keys": "/connections/{connection}/keys",
    "deployments:connection-mint-key": "POST /connections/{connection}/keys/new",
}


def views(patterns: list[Any], space: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name, fragments) of every view that has fragments."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, pattern.app_name or space)
        elif isinstance(pattern, URLPattern) and (names := getattr(pattern.callback, "fragments", None)):
            yield f"{space}:{pattern.name}", names


FRAGMENTS = [(view, name) for view, names in views(get_resolver().url_patterns) for name in names]


class Quiet:
    """A runtime with a line to read."""

    def output(self, deployment: Deployment, since: str = "", lines: int | None = None) -> Output:
        return Output(["listening"], "1")


@pytest.fixture
def scene(
    tenant: Tenant,
    notion: Integration,
    googledrive: Integration,
    make_connection: Callable[..., Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, object]:
    """A workspace in which every fragment has something to show; name → id for the addresses."""
    monkeypatch.setattr(runtimes, "current", Quiet)
    connection = make_connection(tenant, "notion", status="needs_reauth", error_message="Sign in again.")
    deployment = make_deployment(tenant, make_release(), status="failed", failure={"step": "boot", "message": "No."})
    bindings.bind(deployment.app, connection)
    variable = EnvironmentVariable(tenant=tenant, deployment=deployment, kind="user", name="MODE")
    vault.seal(variable, "value", "quick")
    variable.save()
    bot = make_connection(tenant, "telegram")
    WebhookDelivery.everyone.create(tenant=tenant, connection=bot, deployment=deployment, status="failed", size=7)
    project: App = create_project(tenant, "Laptop")
    return {
        "connection": connection.pk,
        "bot": bot.pk,
        "deployment": deployment.pk,
        "project": project.pk,
        "variable": variable.pk,
    }


@pytest.fixture
def browser(client_for: Callable[[User], Client], member: User) -> Client:
    return client_for(member)


def read(browser: Client, place: str, headers: dict[str, str] | None = None) -> str:
    method, _, address = place.rpartition(" ")
    ask = browser.post if method == "POST" else browser.get
    return VARIES.sub("…", ask(address, headers=headers).text)


def test_every_view_with_fragments_is_looked_at() -> None:
    assert {view for view, _ in FRAGMENTS} == set(PLACES)


@pytest.mark.parametrize(("view", "name"), FRAGMENTS, ids=[f"{view} {name}" for view, name in FRAGMENTS])
def test_a_fragment_is_part_of_its_page(browser: Client, scene: dict[str, object], view: str, name: str) -> None:
    place = PLACES[view].format(**scene)
    page = read(browser, place)
    fragment = read(browser, place, {"HX-Request": "true", "HX-Target": name}).strip()
    assert "<html" not in fragment
    assert fragment in page


@pytest.mark.parametrize(("view", "name"), FRAGMENTS, ids=[f"{view} {name}" for view, name in FRAGMENTS])
def test_a_fragment_is_named_like_its_element(browser: Client, scene: dict[str, object], view: str, name: str) -> None:
    place = PLACES[view].format(**scene)
    fragment = read(browser, place, {"HX-Request": "true", "HX-Target": name}).strip()
    assert f'id="{name}"' in fragment.partition(">")[0]


def test_names_of_partials_are_unique() -> None:
    names = [name for page in (ROOT / "templates").rglob("*.html") for name in PARTIAL.findall(page.read_text())]
    assert sorted(names) == sorted(set(names))
    assert [name for name in names if not KEBAB.fullmatch(name)] == []
