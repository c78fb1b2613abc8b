from __future__ import annotations

import asyncio

import pytest

import vendo
from fake_dashboard import Dashboard, good, refusal
from vendo.errors import AuthError, UpstreamError, ValidationError

pytestmark = pytest.mark.usefixtures("vendo_mode")


def test_one_request_for_many(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    dashboard.connect("slack", "s")
    assert vendo.tokens(["slack", "notion", "slack", "hubspot"]) == {"slack": "s", "notion": "n", "hubspot": None}
    assert [request.path for request in dashboard.seen] == ["/credentials/_bulk?slugs=hubspot,notion,slack"]


def test_async(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    assert asyncio.run(vendo.aio.tokens(["notion", "slack"])) == {"notion": "n", "slack": None}


def test_asks_only_for_what_is_not_at_hand(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDO_TOKEN_SLACK", "mine")
    dashboard.connect("notion", "n")
    dashboard.connect("googledrive", "g")
    vendo.token("notion")
    assert vendo.tokens(["notion", "slack", "googledrive"]) == {"notion": "n", "slack": "mine", "googledrive": "g"}
    assert dashboard.seen[-1].path == "/credentials/_bulk?slugs=googledrive"


def test_what_it_fetched_is_cached(dashboard: Dashboard) -> None:
    dashboard.connect("notion", "n")
    vendo.tokens(["notion"])
    assert vendo.token("notion") == "n"
    assert vendo.tokens(["notion"]) == {"notion": "n"}
    assert len(dashboard.seen) == 1


def test_a_null_is_asked_again(dashboard: Dashboard) -> None:
    assert vendo.tokens(["notion"]) == {"notion": None}
    dashboard.connect("notion", "n")
    assert vendo.tokens(["notion"]) == {"notion": "n"}


def test_none_asked_is_no_request(dashboard: Dashboard) -> None:
    assert vendo.tokens([]) == {}
    assert not dashboard.seen


def test_bad_key_fails_the_whole(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/_bulk", refusal(401, "app_revoked"))
    with pytest.raises(AuthError):
        vendo.tokens(["notion"])


def test_a_single_string_is_refused(dashboard: Dashboard) -> None:
    with pytest.raises(ValidationError, match="list of slugs"):
        vendo.tokens("notion")
    assert not dashboard.seen


@pytest.mark.parametrize("body", [{}, [], {"tokens": []}, {"tokens": {"notion": "n"}}, {"tokens": {"notion": {}}}])
def test_answer_of_another_shape_is_an_upstream_error(dashboard: Dashboard, body: object) -> None:
    dashboard.say("/credentials/_bulk", good(body))
    with pytest.raises(UpstreamError):
        vendo.tokens(["notion"])


def test_slug_missing_in_the_answer_reads_as_null(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/_bulk", good({"tokens": {"notion": {"access_token": "n"}}}))
    assert vendo.tokens(["notion", "slack"]) == {"notion": "n", "slack": None}
