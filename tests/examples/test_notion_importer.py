"""The tutorial's tool as its own process, on a dashboard and without one."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from deployments.manifest import read_tool
from tests.examples.conftest import Start
from tests.examples.world import API_KEY, APP_ID, READING, TOOL, Reply, World

DOTENV = "# mine\nexport NOTION_TOKEN='notion-token-1'\n\nPAGE_TITLE=From the file\n"


def link_to(slug: str, html: str) -> str:
    """Where the connect button of a provider leads."""
    found = re.search(rf'href="([^"]+)" data-connect="{slug}"', html)
    assert found, f"no connect button for {slug}"
    return unescape(found[1])


def state_of(slug: str, html: str) -> str:
    return parse_qs(urlsplit(link_to(slug, html)).query)["state"][0]


# --- without a dashboard ----------------------------------------------------------------------------------------------


def test_lists_databases_with_a_token_from_dotenv(start: Start, world: World) -> None:
    page = start(on_dashboard=False, dotenv=DOTENV).get()
    assert page.status == 200
    assert "Reading list" in page.text
    assert 'href="https://www.notion.so/d1"' in page.text
    assert "🚂" in page.text
    assert "<title>From the file</title>" in page.text
    assert "data-connect=" not in page.text
    assert not world.asked_of("/credentials/notion")


def test_real_environment_wins_over_dotenv(start: Start, world: World) -> None:
    tool = start(on_dashboard=False, dotenv=DOTENV, NOTION_TOKEN="notion-token-2", PAGE_TITLE="From outside")
    world.accepted = {"notion-token-2"}
    page = tool.get()
    assert "Reading list" in page.text
    assert "<title>From outside</title>" in page.text


def test_says_how_to_get_a_token_where_there_is_none(start: Start) -> None:
    tool = start(on_dashboard=False)
    page = tool.get()
    assert page.status == 200
    assert "NOTION_TOKEN=…" in page.text
    assert "Set GOOGLEDRIVE_TOKEN in .env" in page.text
    answer = tool.get("/api/databases")
    assert answer.status == 409
    assert answer.json == {"needs_connection": "notion", "connect_url": None, "message": "Set NOTION_TOKEN."}


def test_a_refused_token_of_ones_own_is_named(start: Start, world: World) -> None:
    page = start(on_dashboard=False, NOTION_TOKEN="mistyped").get()
    assert page.status == 502
    assert "Check NOTION_TOKEN in .env" in page.text
    assert "mistyped" not in page.text


def test_lists_drive_files_with_a_token_of_ones_own(start: Start) -> None:
    page = start(on_dashboard=False, dotenv=DOTENV, GOOGLEDRIVE_TOKEN="drive-token-1").get()
    assert "Sketch.png" in page.text
    assert "Image" in page.text


# --- on a dashboard ---------------------------------------------------------------------------------------------------


def test_lists_databases_of_the_connected_account(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    tool = start(PAGE_TITLE="Acme's <databases>", WELCOME_NOTE="Hello,\nhave a look.", MAX_DATABASES="7")
    page = tool.get()
    assert page.status == 200
    assert "Reading list" in page.text
    assert "Acme&#x27;s &lt;databases&gt;" in page.text
    assert "Hello,\nhave a look." in page.text
    asked = world.asked_of("/notion/v1/search")[0]
    assert asked.headers["Notion-Version"] == "2022-06-28"
    assert asked.body["filter"] == {"property": "object", "value": "database"}
    assert asked.body["page_size"] == 7


def test_databases_as_json(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    answer = start().get("/api/databases")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["databases"][0] == {
        "id": "d-1",
        "title": "Reading list",
        "url": "https://www.notion.so/d1",
        "last_edited_time": "2026-03-02T09:30:00Z",
    }


@pytest.mark.parametrize("code", ["binding_missing", "connection_needs_reauth"])
def test_not_connected(code: str, start: Start, world: World) -> None:
    world.refusals = {"notion": code}
    tool = start()
    answer = tool.get("/api/databases")
    assert answer.status == 409
    assert answer.json["needs_connection"] == "notion"
    assert answer.json["connect_url"] == f"{world.dashboard}/connections/connect/notion?app={APP_ID}"
    page = tool.get()
    assert page.status == 200
    link = link_to("notion", page.text)
    assert link.startswith(f"{world.dashboard}/connections/connect/notion?app={APP_ID}&state=notion.")
    assert "Connect Notion</a>" in page.text
    assert not world.asked_of("/notion/v1/search")


def test_drive_is_optional(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    page = start().get()
    assert "Reading list" in page.text
    assert "Optional. Connect Google Drive" in page.text
    assert "/connections/connect/googledrive?" in link_to("googledrive", page.text)


def test_lists_drive_files_when_connected(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"], "googledrive": ["drive-token-1"]}
    page = start().get()
    assert "Sketch.png" in page.text
    assert "Optional" not in page.text


def test_trouble_with_drive_leaves_the_databases_alone(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"], "googledrive": ["drive-token-1"]}
    world.drive = Reply(503, {})
    page = start().get()
    assert page.status == 200
    assert "Reading list" in page.text
    assert "Google Drive has trouble of its own" in page.text


def test_offers_another_account_when_connected(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    page = start().get()
    assert "Switch account" in page.text
    assert link_to("notion", page.text).startswith(f"{world.dashboard}/connections/connect/notion?app={APP_ID}&")


def test_a_return_from_the_connect_page_forgets_the_old_token(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    tool = start()
    state = state_of("notion", tool.get().text)
    world.connected, world.accepted = {"notion": ["notion-token-2"]}, {"notion-token-2"}
    page = tool.get(f"/?connection_id=some-id&state={state}")
    assert "Notion is connected." in page.text
    assert [asked.headers["Authorization"] for asked in world.asked_of("/notion/v1/search")] == [
        "Bearer notion-token-1",
        "Bearer notion-token-2",
    ]
    assert state not in tool.log


def test_a_window_closed_early_is_noticed(start: Start, world: World) -> None:
    tool = start()
    state = state_of("notion", tool.get().text)
    assert "The window was closed before Notion was connected." in tool.get(f"/?state={state}").text


@pytest.mark.parametrize("state", ["notion", "notion.99999999999.00", "notion.x.y", "%ff.1.é", "notion." + "9" * 5000])
def test_a_made_up_return_says_nothing(state: str, start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    page = start().get(f"/?connection_id=some-id&state={state.replace('é', '%C3%A9')}")
    assert page.status == 200
    assert 'class="notice"' not in page.text


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_refused_token_is_replaced_once(start: Start, world: World) -> None:
    world.connected = {"notion": ["stale-token", "notion-token-1"]}
    page = start().get()
    assert "Reading list" in page.text
    assert len(world.asked_of("/notion/v1/search")) == 2


def test_a_token_that_stays_refused_offers_to_connect_again(start: Start, world: World) -> None:
    world.connected = {"notion": ["stale-token"]}
    page = start().get()
    assert page.status == 502
    assert "Notion does not accept our access." in page.text
    assert link_to("notion", page.text)
    assert len(world.asked_of("/notion/v1/search")) == 2


@pytest.mark.parametrize(
    ("reply", "status", "sentence"),
    [
        (Reply(429, {}, {"Retry-After": "17"}), 429, "Wait 17 seconds, then try again."),
        (Reply(429, {}, {"Retry-After": "soon"}), 429, "Wait a minute, then try again."),
        (Reply(500, b"<h1>oops</h1>"), 502, "Notion has trouble of its own at the moment (status 500)."),
        (Reply(403, {}), 502, "Notion does not let us see this."),
        (Reply(400, {"message": "<b>no</b>"}), 502, "Notion refused the question (status 400)."),
        (Reply(302, {}, {"Location": "http://localhost:9/"}), 502, "Notion refused the question (status 302)."),
        (Reply(200, b"<html>"), 502, "Notion&#x27;s answer could not be read."),
        (Reply(200, b"\xff\xfe"), 502, "Notion&#x27;s answer could not be read."),
        (Reply(200, [1, 2]), 502, "Notion&#x27;s answer could not be read."),
        (Reply(200, b"[" * 100_000), 502, "Notion&#x27;s answer could not be read."),
    ],
)
def test_trouble_is_told_in_words(reply: Reply, status: int, sentence: str, start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    world.notion = reply
    tool = start()
    page = tool.get()
    assert page.status == status
    assert sentence in page.text
    assert "oops" not in page.text
    assert "<b>no" not in page.text
    answer = tool.get("/api/databases")
    assert answer.status == status
    assert answer.json["error"]["message"]
    assert answer.headers.get("Retry-After") == ("17" if "17" in sentence else None)
    assert "Traceback" not in page.text + tool.log


def test_unreachable_notion_is_told_in_words(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    page = start(NOTION_API_URL="http://127.0.0.1:9").get()
    assert page.status == 502
    assert "Notion could not be reached." in page.text


def test_a_token_that_is_no_header_is_not_quoted(start: Start, world: World) -> None:
    tool = start(on_dashboard=False, NOTION_TOKEN="secret\nvalue")
    page = tool.get()
    assert page.status == 502
    assert "secret" not in page.text + tool.log


def test_a_refused_app_key_is_told_in_words(start: Start, world: World) -> None:
    page = start(VENDO_API_KEY="vendo_sk_" + "x" * 32).get()
    assert page.status == 502
    assert "The dashboard says app_unknown." in page.text


def test_a_rate_limit_of_the_dashboard_is_passed_on(start: Start, world: World) -> None:
    world.refusals = {"notion": "rate_limited"}
    answer = start().get("/api/databases")
    assert answer.status == 429
    assert answer.json["error"]["code"] == "rate_limited"


def test_a_mistyped_dashboard_address_is_told_in_words(start: Start) -> None:
    page = start(VENDO_BASE_URL="nonsense").get()
    assert page.status == 502
    assert "VENDO_BASE_URL is not an address" in page.text


def test_what_apis_say_is_escaped(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"], "googledrive": ["drive-token-1"]}
    evil = '"><script>alert(1)</script>'
    world.notion.body["results"] = [
        {**READING, "title": [{"plain_text": evil}], "url": f"https://x/{evil}", "icon": {"emoji": "<b>"}},
        {**READING, "title": [{"plain_text": "No link"}], "url": "javascript:alert(1)"},
    ]
    world.drive.body = {"files": [{"id": "f", "name": evil, "mimeType": evil, "webViewLink": "data:text/html,x"}]}
    page = start().get()
    assert "No link" in page.text
    assert "<script>" not in page.text
    assert "javascript:" not in page.text
    assert "data:" not in page.text
    assert "<b>" not in page.text


def test_odd_objects_do_not_break_the_page(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"], "googledrive": ["drive-token-1"]}
    world.notion.body["results"] = [
        None,
        7,
        {"object": "page"},
        {"object": "database"},
        {"object": "database", "title": "text", "last_edited_time": 3, "url": 4, "icon": 5, "id": None},
        {"object": "database", "title": [{"plain_text": "Half \ud800"}], "last_edited_time": "0001-01-01T00:00+20:00"},
    ]
    world.drive.body = {"files": "none"}
    page = start().get()
    assert page.status == 200
    assert page.text.count("Untitled") == 2
    assert "There are no files yet." in page.text


def test_no_database_shared_says_what_to_do(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"]}
    world.notion.body["results"] = []
    assert "No database is shared with this connection yet." in start().get().text


def test_secrets_stay_out_of_pages_and_log(start: Start, world: World) -> None:
    world.connected = {"notion": ["notion-token-1"], "googledrive": ["drive-token-1"]}
    tool = start()
    said = tool.get().text + tool.get("/api/databases").text
    world.accepted = set()
    said += tool.get().text + tool.get("/nowhere?token=notion-token-1").text
    for secret in ("notion-token-1", "drive-token-1", API_KEY, "s" * 64):
        assert secret not in said + tool.log


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_health_asks_nobody(start: Start, world: World) -> None:
    answer = start().get("/healthz")
    assert answer.json == {"status": "ok"}
    assert not world.asked


def test_unknown_addresses_get_a_page_with_a_way_out(start: Start) -> None:
    tool = start()
    page = tool.get("/static/../app.py")
    assert page.status == 404
    assert 'href="/"' in page.text
    assert tool.get("//[").status == 404


@pytest.mark.parametrize("file", ["style.css", "connect.js", "icon.svg"])
def test_static_files(file: str, start: Start) -> None:
    answer = start().get(f"/static/{file}")
    assert answer.status == 200
    assert answer.text == (TOOL / "static" / file).read_text()


def test_pages_forbid_foreign_scripts_and_frames(start: Start) -> None:
    tool = start()
    page = tool.get()
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?! src=)|\sstyle=|\son\w+=", page.text)
    assert tool.get(method="HEAD").text == ""


def test_can_be_published() -> None:
    tool = read_tool(TOOL)
    assert [(use.provider, use.optional) for use in tool.template.integrations] == [
        ("notion", False),
        ("googledrive", True),
    ]


def test_settings_ask_for_what_the_tool_reads() -> None:
    read = set(re.findall(r'"([A-Z]+_[A-Z_]+)"', (TOOL / "settings.py").read_text()))
    template = read_tool(TOOL).template
    assert read == {question.key for question in template.user_inputs} | {secret.key for secret in template.secrets}
