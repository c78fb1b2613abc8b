"""One tenant can't see, guess or change anything of another: every address of contract sections 3 to 8.

A stranger asks with our ids, keys and states, and once more with ones that do not exist. Both answers must be the same,
byte for byte, hold nothing of ours, and change nothing of ours. An address that is not in the table fails the test.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from django.test import Client
from django.utils import timezone

from connections import connect as journey
from connections import places, vault
from connections.catalog import Account, Place, TokenAnswer
from connections.grants import Grant
from connections.models import ConnectAttempt, Connection, Integration, IntegrationRequest
from deployments import bindings, keys
from deployments.deliveries import Message
from deployments.models import Activity, ApiKey, App, Binding, Deployment, EnvironmentVariable, Event
from deployments.projects import create_project
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import Tenant, User
from tests.deployments.isolation_table import DASHBOARD, ELSEWHERE, IN_FRONT, LATER, PAGES, STREAM, TOOLS, Ask
from tests.deployments.test_description import close_doors, described
from tests.servers import serving
from tests.test_access import OURS
from vendo_site.asgi import http

type Things = dict[str, str]

VARIES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|vendo_conn_\w+|vendo_sk_[\w-]+|req_\w+"
    r'|(?<=csrfmiddlewaretoken" value=")\w+|(?<="x-csrftoken": ")\w+'
    r"|(?<=state=)[\w-]+|(?<=code_challenge=)[\w-]+|(?<=intent=)[\w:.%-]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z"
)


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
    bot = make_connection(tenant, "telegram", display_name=f"{tenant.name} bot", token=f"bot-of-{tenant.slug}")
    delivery = WebhookDelivery(
        tenant=tenant,
        connection=bot,
        deployment=deployment,
        event_id=f"update-of-{tenant.slug}",
        status="failed",
        size=7,
    )
    vault.seal(delivery, "message", Message(headers=(), body=b"x").text())
    delivery.save()
    variable = EnvironmentVariable(tenant=tenant, deployment=deployment, kind="user", name="MODE")
    vault.seal(variable, "value", f"value-of-{tenant.slug}")
    variable.save()
    key, text = keys.mint(app, f"{tenant.name} key")
    connection_key, _ = keys.mint_for_connection(connection, f"{tenant.name} cron")
    wanted = IntegrationRequest.everyone.create(tenant=tenant, name=f"{tenant.name} mail", name_key="mail")
    return {
        "tenant_id": str(tenant.pk),
        "app_id": str(app.pk),
        "deployment_id": str(deployment.pk),
        "variable_id": str(variable.pk),
        "connection_id": str(connection.pk),
        "bot_id": str(bot.pk),
        "delivery_id": str(delivery.pk),
        "external_id": connection.external_id,
        "request_id": str(wanted.pk),
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
    _let_choose(started.attempt)
    return things | {
        "attempt_id": str(started.attempt.pk),
        "state": parse_qs(urlsplit(started.url).query)["state"][0],
    }


def _let_choose(attempt: ConnectAttempt) -> None:
    """Our person is asked which part of the account it is to be."""
    grant = Grant(
        profile=attempt.profile,
        account=Account(id="1", name="Acme"),
        answer=TokenAnswer(access_token="token-of-acme"),
        issued=timezone.now(),
        places=tuple(Place(id=ref, name=f"Acme {ref}", context={"ref": ref}) for ref in ("ours", "other")),
    )
    places.put_aside(attempt, grant)
    attempt.save()


def nothing() -> Things:
    """Ids of the same form that nobody has."""
    made = ("app_id", "deployment_id", "variable_id", "connection_id", "key_id", "connection_key_id", "tenant_id")
    unknown = {name: str(uuid4()) for name in (*made, "attempt_id", "bot_id", "delivery_id", "request_id")}
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
    models: tuple[Any, ...] = (Activity, App, ApiKey, Binding, Connection, ConnectAttempt)
    models += (Deployment, EnvironmentVariable, IntegrationRequest, WebhookDelivery)
    return [list(model.everyone.filter(tenant=tenant).order_by("pk").values()) for model in models]


def masked(status: int, headers: Mapping[str, str], text: str) -> tuple[int, dict[str, str], str]:
    kept = {name.lower(): VARIES.sub("…", value) for name, value in headers.items()}
    for name in ("content-length", "set-cookie", "date", "expires", "server"):
        kept.pop(name, None)
    return status, kept, VARIES.sub("…", text)


def hold_nothing_of(ours: Things, asked: str, text: str) -> None:
    secret = ["token-of-acme", "value-of-acme", "Acme wiki", "Acme laptop", "Acme key", "acme-clock"]
    secret += ["bot-of-acme", "Acme bot", "update-of-acme"]
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
    with serving(http, at_the_end=close_doors) as url:
        for last in (event.id, f"evt_{uuid4().hex[:24]}"):
            headers = {"authorization": f"Bearer {theirs['own_key']}", "last-event-id": last}
            address = f"{url}{STREAM.split()[1]}"
            with requests.get(address, headers=headers, stream=True, timeout=20) as response:
                begin = next(response.iter_content(4096)).decode()
                hold_nothing_of(ours, last, f"{begin}{response.headers}")
                answers.append(masked(response.status_code, response.headers, begin))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


@pytest.mark.django_db(transaction=True)
def test_nor_does_a_stranger_at_the_doors_in_front(ours: Things, theirs: Things) -> None:
    tenant = Tenant.objects.get(slug="acme")
    before = state_of(tenant)
    with serving(http, at_the_end=close_doors) as url:
        for row in rows(IN_FRONT):
            (ask,) = row.values
            answers = []
            for things in (ours | theirs, nothing() | theirs):
                headers = {name: filled(value, things) for name, value in ask.headers.items()}
                headers["authorization"] = f"Bearer {theirs['own_key']}"
                address = f"{url}{filled(ask.path, things)}"
                response = requests.request(ask.method, address, json=ask.body, headers=headers, timeout=20)
                assert response.status_code in ask.told, row.id
                hold_nothing_of(ours, repr(headers), f"{response.text}{response.headers}")
                answers.append(masked(response.status_code, response.headers, response.text))
            assert answers[0] == answers[1], row.id
    assert state_of(tenant) == before
