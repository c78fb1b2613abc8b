"""Clients that others wrote: a program in Node, and a portal of another origin in a browser (contract sections 2-9).

Both are in `clients/` and share one file that speaks the wire. What they assume is what the hosted product's clients
assume; nothing in them was made to fit this server.
"""

import re
from collections.abc import Callable, Iterator
from types import NoneType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.clients.portal import Portal, hosting
from tests.e2e.clients.program import Program
from tests.e2e.conftest import PASSWORD, Visitor, on_one_stack
from tests.e2e.scan import assert_no_plaintext
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_one_stack]

# Contract section 4: every key of an entry, and what it may be.
TEXT, MAYBE = (str,), (str, NoneType)
ENTRY: dict[str, tuple[type, ...]] = {
    "id": MAYBE,
    "external_id": MAYBE,
    "slug": TEXT,
    "display_name": TEXT,
    "category": TEXT,
    "profile": TEXT,
    "status": TEXT,
    "credential": (dict, NoneType),
    "api_key": MAYBE,
    "base_url": MAYBE,
    "metadata": (dict,),
    "context": (dict, NoneType),
    "setup_url": MAYBE,
    "error_message": MAYBE,
    "connected_at": MAYBE,
    "env_bootstrap": (dict, NoneType),
    "exclusive": (bool,),
    "logo_url": TEXT,
    "brand_color": TEXT,
    "docs_url": TEXT,
}
OFFER: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("slug", "provider", "name", "description", "category", "logo_url", "icon_name"), TEXT),
    **dict.fromkeys(("brand_color", "docs_url", "default_profile"), TEXT),
    "supported_profiles": (list,),
    "enabled": (bool,),
    "featured": (bool,),
    "env_bootstrap": (dict, NoneType),
}


def assert_shape(found: dict[str, Any], shape: dict[str, tuple[type, ...]]) -> None:
    """Every key is there, and holds what it may."""
    assert found.keys() == shape.keys()
    wrong = {name: found[name] for name, types in shape.items() if not isinstance(found[name], types)}
    assert not wrong


def entry(entries: list[dict[str, Any]], slug: str) -> dict[str, Any]:
    """The one entry of a provider."""
    (found,) = [each for each in entries if each["slug"] == slug]
    return found


@pytest.fixture
def key(person: Visitor) -> str:
    """A key of a project of that person."""
    return person.mint("Somebody's portal")


# --- a program in Node ------------------------------------------------------------------------------------------------


@pytest.fixture
def program(stack: Stack, key: str) -> Iterator[Program]:
    """The program, with the person's key."""
    with Program(stack.url, key) as running:
        yield running


def test_a_program_sees_what_there_is(stack: Stack, program: Program) -> None:
    entries = program.ask("connections")
    for each in entries:
        assert_shape(each, ENTRY)
    assert {each["status"] for each in entries} == {"available"}
    offers = program.ask("integrations")  # without a bearer
    for each in offers:
        assert_shape(each, OFFER)
    assert {each["slug"] for each in offers} == {each["slug"] for each in entries}
    assert program.ask("json", "/api/integrations/notion") == entry(offers, "notion")
    assert program.ask("tokens", "notion", "googledrive") == {"notion": None, "googledrive": None}


def test_a_program_is_told_where_to_connect_and_hears_that_it_is_done(
    stack: Stack, person: Visitor, program: Program
) -> None:
    refusal = program.is_refused("token", "notion")
    assert (refusal["name"], refusal["status"], refusal["code"]) == ("NotConnected", 403, "binding_missing")
    told = refusal["body"]["error"]
    assert told["slug"] == "notion"
    assert told["connect_url"] == entry(program.ask("connections"), "notion")["setup_url"]
    stream = program.ask("listen", "notion")
    assert stream["headers"]["content-type"].startswith("text/event-stream")
    assert (stream["headers"]["cache-control"], stream["headers"]["x-accel-buffering"]) == ("no-cache", "no")
    assert program.ask("heard") == []

    person.page.goto(told["connect_url"])
    person.consent(person.page)
    expect(person.page.get_by_role("heading", name="Connected")).to_be_visible()

    news, again = program.hears("connection.connected"), program.hears("connection_created")
    assert (again["id"], again["raw"]) == (news["id"], news["raw"])
    assert news["data"].keys() == {"id", "at", "kind", "slug", "connection_id"}
    assert (news["data"]["id"], news["data"]["kind"]) == (news["id"], "connection.connected")
    assert news["then"]["status"] == again["then"]["status"] == "connected"  # already then
    assert news["then"]["id"] == news["data"]["connection_id"]
    token = program.ask("token", "notion")
    assert news["then"]["token"] == token
    assert token["access_token"].startswith("ntn_sandbox_")
    assert program.ask("tokens", "notion", "googledrive", "nothing") == {
        "notion": token,
        "googledrive": None,
        "nothing": None,
    }
    ready = entry(program.ask("connections"), "notion")
    assert_shape(ready, ENTRY)
    assert ready["credential"] == ready["metadata"]["credential"] == {"NOTION_TOKEN": token["access_token"]}
    assert (ready["setup_url"], ready["display_name"]) == (None, "Ada's workspace")
    assert program.ask("torn") == 0


def test_a_program_that_was_away_hears_what_it_missed(stack: Stack, person: Visitor, program: Program) -> None:
    program.ask("listen", "notion")
    person.go("/connections")
    person.connect("Connect Notion")
    last = program.hears("connection_created")
    program.ask("hangUp")

    page = person.go(f"/connections/{last['data']['connection_id']}")
    page.get_by_role("button", name="Disconnect").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect", exact=True).click()
    expect(page.get_by_text("Disconnected").first).to_be_visible()

    program.ask("listen", "notion", last["id"])
    missed = program.hears("connection_deleted")
    assert missed["then"] == {"status": "available", "id": None, "token": {"refused": "NotConnected"}}
    person.go("/connections")
    person.connect("Connect Notion", account="grace")
    news = program.hears("connection_created")
    names = [block["event"] for block in program.ask("heard")]
    kinds = ("connection.disconnected", "connection_deleted", "connection.connected", "connection_created")
    assert [name for name in names if name in kinds] == list(kinds)  # nothing twice, nothing before `last`
    assert news["id"] not in {last["id"], missed["id"]}
    assert program.ask("torn") == 0


def test_a_program_goes_by_the_codes(stack: Stack, key: str, program: Program) -> None:
    nothing = program.is_refused("json", "/api/billing/balance")
    assert (nothing["status"], nothing["code"], nothing["body"]["error"]["code"]) == (404, "not_found", "not_found")
    assert program.is_refused("token", "no-such-provider")["code"] == "provider_unknown"
    for wrong in ("vendo_sk_" + "x" * 32, "byok", key[:-1]):
        with Program(stack.url, wrong) as stranger:
            refusal = stranger.is_refused("connections")
            assert (refusal["status"], refusal["code"]) == (401, "app_unknown")
            assert refusal["body"]["error"]["code"] == "app_unknown"
            assert refusal["body"]["detail"] == refusal["body"]["error"]["message"] == refusal["message"]
            assert stranger.ask("integrations")


def test_a_program_calls_through_the_proxy_and_repeats_what_passes(
    stack: Stack, person: Visitor, program: Program
) -> None:
    assert program.is_refused("json", "/proxy/notion/v1/users/me")["code"] == "binding_missing"
    person.go("/connections")
    person.connect("Connect Notion")
    stack.sandbox.control(api_status=503, api_times=2)
    assert program.ask("json", "/proxy/notion/v1/users/me")["object"] == "user"
    assert program.ask("tries") == 3
    stack.sandbox.control(api_status=429, api_times=1)
    refusal = program.is_refused("json", "/proxy/notion/v1/users/me")
    assert (refusal["status"], refusal["code"]) == (429, None)  # the provider's own
    assert refusal["retryAfter"] == "2"
    stack.sandbox.reset()


# --- a portal of another origin, in the browser -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the portal is served."""
    with hosting() as found:
        yield found


@pytest.fixture
def customer(visitor: Callable[[], Visitor]) -> Visitor:
    """The person's other browser, in which nobody is signed in."""
    return visitor()


@pytest.fixture
def portal(customer: Visitor, port: int) -> Portal:
    """The portal on the customer's machine, where projects are allowed to be."""
    return Portal(customer.page, f"http://127.0.0.1:{port}")


def sign_in(popup: Page, person: Visitor) -> None:
    """On the sign-in page that stands in the way."""
    popup.get_by_label("Email").fill(person.email)
    popup.locator("input[name=password]").fill(PASSWORD)
    popup.get_by_role("button", name="Sign in", exact=True).click()


def approve(popup: Page, *, allow: bool = True) -> None:
    """At the provider itself."""
    popup.locator("input[value=ada]").check()
    popup.get_by_role("button", name="Allow" if allow else "Deny").click()


def assert_nowhere(secret: str, popup: Page) -> None:
    """Not in the window's addresses, now and before, nor in its titles, nor in what the next page is told of it."""
    told = popup.evaluate("[document.URL, document.title, document.referrer, document.cookie, document.body.innerHTML]")
    loads = popup.evaluate("performance.getEntries().map((load) => load.name)")
    # Not `userTypedURL`: Chromium itself remembers what was asked for before any redirect, and shows it to nobody.
    history = popup.context.new_cdp_session(popup).send("Page.getNavigationHistory")["entries"]
    seen = [told, loads, [(each["url"], each["title"]) for each in history]]
    assert history
    assert secret not in repr(seen)


def done(portal: Portal, connection: str) -> list[dict[str, Any]]:
    """The messages of a success, in their order."""
    about = portal.ask("/api/deployments/me/connections")["found"]["connections"]
    ready = entry(about, "notion")
    assert ready["id"] == connection
    assert str(UUID(connection)) == connection
    return [
        {"type": "vendo:connection-completed", "slug": "notion", "connectionId": connection, "state": portal.state},
        {
            "type": "vendo:oauth:done",
            "provider": "notion",
            "connection_id": connection,
            "external_id": ready["external_id"],
            "display_name": "Ada's workspace",
            "return_url": None,
            "state": portal.state,
        },
    ]


def test_a_portal_connects_an_account_for_somebody_who_has_to_sign_in_first(
    stack: Stack, person: Visitor, key: str, portal: Portal
) -> None:
    portal.start(baseUrl=stack.url, key=key)
    refusal = portal.ask("/credentials/notion")["refused"]
    assert (refusal["name"], refusal["status"], refusal["code"]) == ("NotConnected", 403, "binding_missing")

    popup = portal.open("Connect Notion")
    popup.get_by_label("Email").wait_for()
    assert_nowhere(key, popup)
    sign_in(popup, person)
    popup.get_by_role("link", name="Continue to").wait_for()
    expect(popup.get_by_text("For Somebody's portal")).to_be_visible()
    assert_nowhere(key, popup)
    with popup.expect_event("close"):  # nobody acknowledged anything
        person.consent(popup)

    messages = portal.told(2)
    assert {(message["origin"], message["fromPopup"]) for message in messages} == {(stack.url, True)}
    news = portal.hears("connection.connected")
    portal.hears("connection_created")
    assert [message["data"] for message in messages] == done(portal, news["data"]["connection_id"])
    assert news["then"]["status"] == "connected"
    token = portal.ask("/credentials/notion")["found"]
    assert news["then"]["token"] == token
    expect(portal.page.locator("connect-button[slug=notion] output")).to_have_text("connected")

    found = portal.ask(
        "/proxy/notion/v1/search", method="POST", body={}, headers={"Notion-Version": "2022-06-28", "X-Of-Mine": "1"}
    )
    assert found["found"]["object"] == "list"
    assert found["found"]["results"]
    assert_no_plaintext(stack, extra=[key, PASSWORD])


def test_a_portal_reads_without_a_cookie_and_sees_refusals_and_logos(stack: Stack, key: str, portal: Portal) -> None:
    portal.start(baseUrl=stack.url, key=key)
    offers = portal.ask("/api/integrations", anonymous=True)["found"]["integrations"]
    assert {"notion", "googledrive"} <= {offer["slug"] for offer in offers}
    assert portal.ask("/api/integrations/notion")["found"] == entry(offers, "notion")  # a bearer does no harm
    for path, code in (("/api/billing/balance", "not_found"), ("/credentials/none-such", "provider_unknown")):
        assert portal.ask(path)["refused"]["code"] == code  # the header can be read
    wrong = {"Authorization": "Bearer vendo_sk_" + "x" * 32}
    for path in ("/api/deployments/me/events", "/credentials/_bulk?slugs=notion", "/proxy/notion/v1/users/me"):
        refusal = portal.ask(path, headers=wrong)["refused"]
        assert (refusal["status"], refusal["code"]) == (401, "app_unknown")
    assert portal.page.context.cookies() == []

    pictures = portal.page.locator("connect-button img")
    expect(pictures).to_have_count(2 * len(offers))
    for number in range(pictures.count()):
        pictures.nth(number).evaluate("(picture) => picture.decode()")  # fails where it can't be shown
        assert pictures.nth(number).evaluate("(picture) => picture.naturalWidth") > 0


def test_a_portal_goes_straight_to_the_provider(stack: Stack, person: Visitor, key: str, port: int) -> None:
    portal = Portal(person.context.new_page(), f"http://localhost:{port}")
    portal.start(baseUrl=stack.url, key=key, entry="/api/oauth/{slug}/authorize")
    popup = portal.open("Connect Notion")
    popup.get_by_role("button", name="Allow").wait_for()
    assert_nowhere(key, popup)
    with popup.expect_event("close"):
        approve(popup)
    news = portal.hears("connection.connected")
    assert [message["data"] for message in portal.told(2)] == done(portal, news["data"]["connection_id"])


def test_the_provider_s_address_asks_for_a_sign_in_and_goes_on(
    stack: Stack, person: Visitor, key: str, portal: Portal
) -> None:
    portal.start(baseUrl=stack.url, key=key, entry="/api/oauth/{slug}/authorize")
    popup = portal.open("Connect Notion")
    popup.get_by_label("Email").wait_for()
    assert_nowhere(key, popup)
    sign_in(popup, person)
    with popup.expect_event("close"):
        approve(popup)
    assert [message["data"]["type"] for message in portal.told(2)] == ["vendo:connection-completed", "vendo:oauth:done"]


def test_a_portal_hears_of_a_no_and_of_the_yes_after_it(
    stack: Stack, person: Visitor, key: str, portal: Portal
) -> None:
    portal.start(baseUrl=stack.url, key=key)
    popup = portal.open("Connect Google Drive")
    sign_in(popup, person)
    person.consent(popup, allow=False)
    expect(popup.get_by_role("heading", name="Nothing was connected")).to_be_visible()
    (message,) = portal.told(1)
    assert message["origin"] == stack.url
    detail = message["data"].pop("detail")
    assert message["data"] == {
        "type": "vendo:oauth:error",
        "provider": "googledrive",
        "code": "access_denied",
        "state": portal.state,
    }
    expect(popup.get_by_text(detail)).to_be_visible()

    popup.get_by_role("link", name="Try again").click()
    with popup.expect_event("close"):
        person.consent(popup)
    assert [message["data"]["type"] for message in portal.told(3)][1:] == [
        "vendo:connection-completed",
        "vendo:oauth:done",
    ]
    assert portal.told(3)[-1]["data"]["state"] == portal.state


@pytest.mark.parametrize("claimed", ["itself", "another"])
def test_a_page_that_is_not_registered_hears_nothing(
    stack: Stack, person: Visitor, key: str, port: int, claimed: str
) -> None:
    origin = f"http://elsewhere.localhost:{port}"
    opener = origin if claimed == "itself" else f"http://127.0.0.1:{port}"
    portal = Portal(person.context.new_page(), origin)
    portal.start(baseUrl=stack.url, key=key, opener=opener)
    popup = portal.open("Connect Notion")
    note = popup.get_by_text(re.compile("will not hear of it"))
    expect(note).to_have_count(1 if claimed == "itself" else 0)
    with popup.expect_event("close"):
        person.consent(popup)
    portal.hears("connection.connected")  # its key works all the same
    assert portal.messages == []


def test_a_page_that_was_registered_hears_it(stack: Stack, person: Visitor, key: str, port: int) -> None:
    origin = f"http://elsewhere.localhost:{port}"
    person.page.get_by_label("Allowed origins").fill(origin)
    person.page.get_by_role("button", name="Save origins").click()
    expect(person.page.get_by_label("Allowed origins")).to_have_value(origin)
    portal = Portal(person.context.new_page(), origin)
    portal.start(baseUrl=stack.url, key=key)
    popup = portal.open("Connect Notion")
    with popup.expect_event("close"):
        person.consent(popup)
    news = portal.hears("connection.connected")
    assert [message["data"] for message in portal.told(2)] == done(portal, news["data"]["connection_id"])


def test_a_portal_whose_window_was_blocked_gets_the_person_back(
    stack: Stack, person: Visitor, key: str, portal: Portal
) -> None:
    portal.start(baseUrl=stack.url, key=key)
    state, page = portal.state, portal.page
    page.evaluate("portal.leave('notion')")
    sign_in(page, person)
    page.get_by_role("link", name="Continue to").wait_for()
    assert_nowhere(key, page)
    person.consent(page)
    page.wait_for_url(re.compile(r"/portal\.html\?"))
    back = parse_qs(urlsplit(page.url).query)
    assert back.keys() == {"kept", "connection_id", "state"}
    assert (back["kept"], back["state"]) == (["yes"], [state])
    assert_nowhere(key, page)
    portal.start(baseUrl=stack.url, key=key)
    assert (
        entry(portal.ask("/api/deployments/me/connections")["found"]["connections"], "notion")["id"]
        == (back["connection_id"][0])
    )


@pytest.mark.parametrize("entrance", ["/connections/connect/{slug}", "/api/oauth/{slug}/authorize"])
def test_a_portal_with_somebody_else_s_key_gets_nowhere(
    stack: Stack, key: str, port: int, visitor: Callable[[], Visitor], entrance: str
) -> None:
    stranger = visitor()
    stranger.sign_up()
    portal = Portal(stranger.context.new_page(), f"http://127.0.0.1:{port}")
    portal.start(baseUrl=stack.url, key=key, entry=entrance)
    popup = portal.open("Connect Notion")
    expect(popup.get_by_role("heading", name="This connect link does not work here")).to_be_visible()
    assert "Somebody's portal" not in popup.content()
    assert portal.messages == []
