from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

import vendo
from fake_dashboard import Answer, Dashboard, good, refusal, serve
from vendo.errors import NeedsReauth, NotConnected, UpstreamError

httpx2 = pytest.importorskip("httpx2")
REFUSED = Answer(401, b"no")


@pytest.fixture
def provider() -> Iterator[Dashboard]:
    """Somebody else's server: what it is asked, and what it says, is all that matters here."""
    with serve() as running:
        running.say("/me", good({"name": "Ada"}))
        yield running


def bearers(server: Dashboard) -> list[str | None]:
    return [seen.headers.get("Authorization") for seen in server.seen]


@pytest.mark.usefixtures("vendo_mode")
def test_it_sends_the_token(dashboard: Dashboard, provider: Dashboard) -> None:
    dashboard.connect("notion", "n")
    with vendo.session("notion") as session:
        assert session.get(f"{provider.url}/me").json() == {"name": "Ada"}
    assert bearers(provider) == ["Bearer n"]


@pytest.mark.usefixtures("vendo_mode")
def test_a_refused_token_is_replaced_once(dashboard: Dashboard, provider: Dashboard) -> None:
    dashboard.say("/credentials/notion", good({"access_token": "old"}), good({"access_token": "new"}))
    provider.say("/me", REFUSED, good({}))
    with vendo.session("notion") as session:
        assert session.post(f"{provider.url}/me", json={"a": 1}).status_code == 200
    assert bearers(provider) == ["Bearer old", "Bearer new"]
    assert [seen.body for seen in provider.seen] == [b'{"a":1}'] * 2


@pytest.mark.usefixtures("vendo_mode")
def test_a_second_refusal_is_handed_back(dashboard: Dashboard, provider: Dashboard) -> None:
    dashboard.connect("notion", "n")
    provider.say("/me", REFUSED)
    with vendo.session("notion") as session:
        assert session.get(f"{provider.url}/me").status_code == 401
    assert len(provider.seen) == 2


@pytest.mark.usefixtures("vendo_mode")
def test_a_body_that_is_gone_is_not_sent_again(dashboard: Dashboard, provider: Dashboard) -> None:
    dashboard.connect("notion", "n")
    provider.say("/me", REFUSED)
    with vendo.session("notion") as session:
        assert session.post(f"{provider.url}/me", content=iter([b"a"])).status_code == 401
    assert len(provider.seen) == 1


@pytest.mark.usefixtures("vendo_mode")
def test_async_does_the_same(dashboard: Dashboard, provider: Dashboard) -> None:
    dashboard.say("/credentials/notion", good({"access_token": "old"}), good({"access_token": "new"}))
    provider.say("/me", REFUSED, good({}))

    async def ask() -> int:
        async with vendo.aio.session("notion") as session:
            return (await session.get(f"{provider.url}/me")).status_code

    assert asyncio.run(ask()) == 200
    assert bearers(provider) == ["Bearer old", "Bearer new"]


@pytest.mark.usefixtures("vendo_mode")
def test_what_the_dashboard_says_comes_through(dashboard: Dashboard, provider: Dashboard) -> None:
    dashboard.say("/credentials/notion", good({"access_token": "old"}), refusal(401, "connection_needs_reauth"))
    provider.say("/me", REFUSED)
    with vendo.session("notion") as session, pytest.raises(NeedsReauth):
        session.get(f"{provider.url}/me")
    with vendo.session("slack") as session, pytest.raises(NotConnected):
        session.get(f"{provider.url}/me")


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_other_host_gets_the_token(dashboard: Dashboard, provider: Dashboard, status: int) -> None:
    dashboard.connect("notion", "n")
    with serve() as elsewhere:
        elsewhere.say("/", REFUSED)
        provider.say("/me", Answer(status, b"", {"Location": f"{elsewhere.url}/"}))
        with vendo.session("notion") as session:
            assert session.get(f"{provider.url}/me").status_code == status
            assert not elsewhere.seen
            session.follow_redirects = True
            assert session.get(f"{provider.url}/me").status_code == 401
        assert bearers(elsewhere) == [None]
    assert bearers(provider) == ["Bearer n"] * 2


def test_without_a_dashboard_it_sends_the_variable(provider: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "mine")
    with vendo.session("notion") as session:
        session.get(f"{provider.url}/me")
    assert bearers(provider) == ["Bearer mine"]


def test_a_token_that_no_header_carries_is_not_quoted(provider: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "hunter2\nX: y")
    with vendo.session("notion") as session, pytest.raises(UpstreamError) as caught:
        session.get(f"{provider.url}/me")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("module", [vendo, vendo.aio])
def test_without_the_extra_it_says_what_to_install(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "vendo._session", raising=False)
    monkeypatch.delattr(vendo, "_session", raising=False)
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(ImportError, match=r"pip install 'vendo\[http\]'"):
        module.session("notion")  # type: ignore[attr-defined]
