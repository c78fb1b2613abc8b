from __future__ import annotations

import asyncio
import json

import pytest

import vendo
from fake_dashboard import Answer, Dashboard, good, refusal
from vendo.errors import (
    AuthError,
    BalanceExhausted,
    NotConnected,
    RateLimited,
    SpendCapExceeded,
    UpstreamError,
    ValidationError,
    VendoError,
    VendoOnlyFeature,
)

EXECUTE = "/proxy/composio/v1/execute"


def brokers(status: int, **body: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


@pytest.mark.usefixtures("vendo_mode")
def test_an_action_is_posted_and_its_result_returned(dashboard: Dashboard, key: str) -> None:
    dashboard.say(EXECUTE, good({"data": {"number": 7}}))
    assert vendo.data.execute("GITHUB_CREATE_ISSUE", {"title": "a"}) == {"number": 7}
    assert asyncio.run(vendo.aio.data.execute("GITHUB_LIST")) == {"number": 7}
    first, second = dashboard.seen
    assert (first.method, first.headers["Authorization"]) == ("POST", f"Bearer {key}")
    assert json.loads(first.body) == {"action_id": "GITHUB_CREATE_ISSUE", "args": {"title": "a"}}
    assert json.loads(second.body) == {"action_id": "GITHUB_LIST", "args": {}}


@pytest.mark.usefixtures("vendo_mode")
def test_the_address_can_be_another(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDO_DATA_PROXY_URL", f"{dashboard.url}/elsewhere")
    dashboard.say("/elsewhere/v1/execute", good({"data": None}))
    assert vendo.data.execute("A") is None


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (brokers(403, error="binding_missing", toolkit="github"), NotConnected),
        (brokers(400, error="title is missing"), ValidationError),
        (brokers(404, error="no such action"), ValidationError),
        (brokers(429, error="slowly"), RateLimited),
        (brokers(401, error="who is this"), UpstreamError),
        (brokers(403, error="not yours"), UpstreamError),
        (brokers(503, error="later"), UpstreamError),
        (good({}), UpstreamError),
        (Answer(200, b"<h1>"), UpstreamError),
        (refusal(401, "app_revoked"), AuthError),
        (refusal(402, "balance_exhausted"), BalanceExhausted),
        (refusal(402, "spend_cap_exceeded"), SpendCapExceeded),
    ],
)
def test_each_failure_has_its_class(dashboard: Dashboard, answer: Answer, expected: type[VendoError]) -> None:
    dashboard.say(EXECUTE, answer)
    with pytest.raises(VendoError) as caught:
        vendo.data.execute("A")
    assert type(caught.value) is expected
    assert len(dashboard.seen) == 1, "an action is never repeated"


@pytest.mark.usefixtures("vendo_mode")
def test_a_missing_toolkit_is_named(dashboard: Dashboard) -> None:
    dashboard.say(EXECUTE, brokers(403, error="binding_missing", toolkit="github"))
    with pytest.raises(NotConnected, match="Nothing is connected for github") as caught:
        vendo.data.execute("A")
    assert (caught.value.slug, caught.value.code, caught.value.status) == ("github", "binding_missing", 403)


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(("action", "args"), [("", {}), ("A", {"a": {1}}), (None, {})])
def test_what_can_not_be_asked(dashboard: Dashboard, action: str, args: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        vendo.data.execute(action, args)
    assert not dashboard.seen


def test_there_are_no_actions_without_a_dashboard() -> None:
    with pytest.raises(VendoOnlyFeature, match="VENDO_API_KEY"):
        vendo.data.execute("A")
    with pytest.raises(VendoOnlyFeature):
        asyncio.run(vendo.aio.data.execute("A"))
