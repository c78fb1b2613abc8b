"""Whom a connect may tell, and where it may go on: never an origin that is not registered."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections import intents, popup
from connections.intents import Intent, Purpose
from connections.models import Connection, Integration
from tenants.models import Tenant

TOOL = "http://127.0.0.1:8101"


class ToolMeaning:
    """An app whose tool runs at `TOOL`."""

    kind = "test-tool"

    def from_query(self, query: object, tenant: Tenant | None) -> Intent | None:
        return None

    def purpose(self, intent: Intent, tenant: Tenant) -> Purpose:
        return Purpose("for a tool", frozenset({TOOL}), loopback=intent.id == "project")


@pytest.fixture(autouse=True)
def known_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(intents._meanings, "test-tool", ToolMeaning())


def _read(query: dict[str, str], tenant: Tenant, notion: Integration, kind: str = "") -> popup.Request:
    if kind:
        query = query | {"intent": intents.sign(Intent("test-tool", kind))}
    return popup.read(query, tenant, notion)


def test_without_anything_the_dashboard_is_told(tenant: Tenant, notion: Integration) -> None:
    assert _read({}, tenant, notion).wish.target_origin == popup.own_origin()


def test_a_registered_opener_is_told(tenant: Tenant, notion: Integration) -> None:
    assert _read({"opener_origin": TOOL}, tenant, notion, "tool").wish.target_origin == TOOL


def test_the_origin_of_a_registered_return_address_is_told(tenant: Tenant, notion: Integration) -> None:
    asked = _read({"returnTo": f"{TOOL}/page?x=1"}, tenant, notion, "tool")
    assert (asked.wish.target_origin, asked.wish.return_to) == (TOOL, f"{TOOL}/page?x=1")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "http://127.0.0.1:8102",
        "//evil.example/x",
        "/\\evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:8101@evil.example/",
        "http://127.0.0.1:8101.evil.example/",
        "https://127.0.0.1:8101",
        "data:text/html,x",
        "*",
        "null",
    ],
)
def test_anything_else_is_ignored_and_said(address: str, tenant: Tenant, notion: Integration) -> None:
    asked = _read({"opener_origin": address, "return_to": address}, tenant, notion, "tool")
    assert (asked.wish.target_origin, asked.wish.return_to) == (popup.own_origin(), "")
    assert len(asked.notes) == 2


@pytest.mark.parametrize("address", ["/\x00", f"{TOOL}/\x00", f"/{'x' * 2000}", f"{TOOL}/{'x' * 2000}"])
def test_what_no_column_could_keep_is_ignored(address: str, tenant: Tenant, notion: Integration) -> None:
    asked = _read({"opener_origin": TOOL, "return_to": address, "state": "a\x00b"}, tenant, notion, "tool")
    assert (asked.wish.target_origin, asked.wish.return_to, asked.wish.opener_state) == (TOOL, "", "ab")


def test_a_connect_from_the_page_itself_tells_no_tool(tenant: Tenant, notion: Integration) -> None:
    assert _read({"opener_origin": TOOL}, tenant, notion).wish.target_origin == popup.own_origin()


def test_a_project_may_be_told_on_any_port_of_this_machine(tenant: Tenant, notion: Integration) -> None:
    for origin in ("http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:9000"):
        assert _read({"opener_origin": origin}, tenant, notion, "project").wish.target_origin == origin
    asked = _read({"opener_origin": "http://localhost.evil.example:3000"}, tenant, notion, "project")
    assert asked.wish.target_origin == popup.own_origin()


@given(opener=st.text(), return_to=st.text())
def test_no_text_gets_past_the_check(opener: str, return_to: str) -> None:
    purpose = Purpose("", frozenset({TOOL}))
    for address in (opener, return_to, f"http://{opener}", f"{TOOL}{return_to}"):
        origin = popup.origin_of(address)
        if origin is not None and popup._allowed(origin, purpose):
            assert origin in {TOOL, popup.own_origin()}


@given(path=st.text(alphabet=st.characters(codec="utf-8")))
def test_an_own_path_stays_on_our_host(path: str) -> None:
    if popup._is_own_path(path):
        assert urlsplit(popup._absolute(path)).netloc == urlsplit(popup.own_origin()).netloc


def test_the_way_back_carries_id_and_state_beside_its_own_query(
    tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    connection: Connection = make_connection(tenant, "notion")
    query = parse_qs(urlsplit(popup.returning(f"{TOOL}/p?a=1", connection, "s1")).query)
    assert query == {"a": ["1"], "connection_id": [str(connection.pk)], "state": ["s1"]}


def test_another_tenants_connection_is_not_renewed(
    tenant: Tenant, other_tenant: Tenant, notion: Integration, make_connection: Callable[..., Connection]
) -> None:
    theirs, mine = make_connection(other_tenant, "notion"), make_connection(tenant, "notion")
    assert _read({"connection": str(theirs.pk)}, tenant, notion).wish.renew is None
    assert _read({"connection": str(mine.pk)}, tenant, notion).wish.renew == mine
    assert _read({"connection": "not-a-uuid"}, tenant, notion).wish.renew is None
