"""On behalf of a user: the identity goes along, and nothing of one user reaches another."""

from __future__ import annotations

import asyncio
from email.message import Message
from types import SimpleNamespace

import pytest

import vendo
from fake_dashboard import Dashboard, good, refusal
from vendo.errors import IdentityNotPresent, ValidationError, VendoError, VendoOnlyFeature

JWT = "aaa.bbb.ccc"


@pytest.mark.usefixtures("vendo_mode")
def test_each_request_carries_the_user(dashboard: Dashboard, key: str) -> None:
    dashboard.connect("notion", "n")
    dashboard.say("/api/deployments/me/connections", good({"connections": []}))
    user = vendo.for_user(JWT)
    user.token("notion")
    user.tokens(["notion", "slack"])
    user.connections.list()
    assert [seen.headers["X-Vendo-User-JWT"] for seen in dashboard.seen] == [JWT] * 3
    assert dashboard.seen[0].headers["Authorization"] == f"Bearer {key}"


@pytest.mark.usefixtures("vendo_mode")
def test_no_user_finds_what_another_cached(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", *(good({"access_token": name}) for name in ("app", "a", "b")))
    assert vendo.token("notion") == "app"
    assert vendo.for_user("a.a.a").token("notion") == "a"
    assert asyncio.run(vendo.aio.for_user("b.b.b").token("notion")) == "b"
    assert [vendo.token("notion"), vendo.for_user("a.a.a").token("notion")] == ["app", "a"]
    assert len(dashboard.seen) == 3


WITH_USER = Message()
WITH_USER["X-Vendo-User-JWT"] = JWT


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(
    "request_of_a_framework",
    [
        {"X-Vendo-User-JWT": JWT},
        {"x-vendo-user-jwt": JWT},
        {"wsgi.version": (1, 0), "HTTP_X_VENDO_USER_JWT": JWT},
        SimpleNamespace(headers={"X-Vendo-User-Jwt": JWT}),
        SimpleNamespace(headers=WITH_USER),
    ],
)
def test_a_request_names_its_user(dashboard: Dashboard, request_of_a_framework: object) -> None:
    dashboard.connect("notion", "n")
    assert vendo.for_request(request_of_a_framework).token("notion") == "n"
    assert asyncio.run(vendo.aio.for_request(request_of_a_framework).token("notion")) == "n"
    assert [seen.headers["X-Vendo-User-JWT"] for seen in dashboard.seen] == [JWT]


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("nobody", [{}, {"X-Vendo-User-JWT": ""}, {"X-Vendo-User-JWT": " "}, SimpleNamespace(), None])
def test_a_request_that_names_nobody(nobody: object) -> None:
    for module in (vendo, vendo.aio):
        with pytest.raises(IdentityNotPresent):
            module.for_request(nobody)


@pytest.mark.usefixtures("vendo_mode")
def test_an_identity_that_can_not_be_one_is_not_quoted() -> None:
    with pytest.raises(IdentityNotPresent):
        vendo.for_user("")
    with pytest.raises(ValidationError) as caught:
        vendo.for_user("hunter2\r\nX: y")
    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("vendo_mode")
def test_an_identity_is_a_secret(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", refusal(403, "binding_missing", message=f"Not for {JWT}."))
    user = vendo.for_user(JWT)
    with pytest.raises(VendoError, match=r"^Not for \[user token\]\.$"):
        user.token("notion")
    assert JWT not in repr(user) + repr(user._account.settings)


def test_there_are_no_users_without_a_dashboard() -> None:
    for module in (vendo, vendo.aio, vendo.Vendo("byok"), vendo.AsyncVendo("byok")):
        with pytest.raises(VendoOnlyFeature, match="for_user"):
            module.for_user(JWT)
        with pytest.raises(VendoOnlyFeature, match="for_request"):
            module.for_request({})
