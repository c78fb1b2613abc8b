"""The look-alikes of the two APIs."""

from typing import Any

import pytest

from tests.sandbox.process import DRIVE, NOTION_VERSION, SandboxProcess, bearer, issue

ME = "/notion/v1/users/me"
FILES = "/google/drive/v3/files"
ABOUT = "/google/drive/v3/about"


@pytest.fixture(scope="module")
def tokens(running: SandboxProcess) -> dict[str, str]:
    """`<provider>-<account>` → an access token."""
    pairs = [(provider, account) for provider in ("notion", "google") for account in ("ada", "grace")]
    return {f"{one}-{two}": issue(running, one, two)["access_token"] for one, two in pairs}


def _search(sandbox: SandboxProcess, token: str, **body: Any) -> Any:
    answer = sandbox.http.post("/notion/v1/search", json=body, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _titles(found: Any) -> list[str]:
    return [row["title"][0]["plain_text"] for row in found["results"]]


def test_the_two_accounts_own_different_things(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    databases = [set(_titles(_search(sandbox, tokens[f"notion-{account}"]))) for account in ("ada", "grace")]
    assert 3 <= len(databases[0]) <= 4 and 3 <= len(databases[1]) <= 4
    assert not databases[0] & databases[1]
    files = [
        {row["name"] for row in sandbox.http.get(FILES, headers=bearer(tokens[f"google-{account}"])).json()["files"]}
        for account in ("ada", "grace")
    ]
    assert files[0] and files[1] and not files[0] & files[1]


# --- Notion -----------------------------------------------------------------------------------------------------------


def test_notion_knows_whose_token_it_is(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    me = sandbox.http.get(ME, headers=bearer(tokens["notion-ada"])).json()
    assert (me["object"], me["type"], me["bot"]["workspace_name"]) == ("user", "bot", "Ada's workspace")


@pytest.mark.parametrize(("version", "code"), [({}, "missing_version"), ({"Notion-Version": "1"}, "validation_error")])
def test_notion_wants_a_version(
    version: dict[str, str], code: str, sandbox: SandboxProcess, tokens: dict[str, str]
) -> None:
    answer = sandbox.http.get(ME, headers={"Authorization": f"Bearer {tokens['notion-ada']}"} | version)
    assert (answer.status_code, answer.json()["code"], answer.json()["object"]) == (400, code, "error")


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic {notion-ada}", "Bearer {google-ada}"])
def test_notion_wants_a_token_of_its_own(token: str, sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    headers = NOTION_VERSION | {"Authorization": token.format_map(tokens)}
    answer = sandbox.http.get(ME, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_notion_searches_by_title_sorts_and_pages(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    ada = tokens["notion-ada"]
    assert _titles(_search(sandbox, ada, query="ROADMAP")) == ["Engine roadmap"]
    everything = _titles(_search(sandbox, ada, sort={"timestamp": "last_edited_time", "direction": "descending"}))
    ascending = _search(sandbox, ada, sort={"timestamp": "last_edited_time", "direction": "ascending"})
    assert _titles(ascending) == everything[::-1]
    first = _search(sandbox, ada, page_size=3)
    assert first["has_more"]
    rest = _search(sandbox, ada, page_size=3, start_cursor=first["next_cursor"])
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    assert _titles(first) + _titles(rest) == everything


def test_notion_has_databases_only(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    ada = tokens["notion-ada"]
    assert len(_search(sandbox, ada, filter={"property": "object", "value": "database"})["results"]) == 4
    assert _search(sandbox, ada, filter={"property": "object", "value": "page"})["results"] == []


@pytest.mark.parametrize("body", ["nonsense", "[]", '{"page_size": 0}', '{"start_cursor": "x"}', '{"filter": "x"}'])
def test_notion_refuses_a_search_it_cannot_read(body: str, sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    answer = sandbox.http.post("/notion/v1/search", content=body, headers=bearer(tokens["notion-ada"]))
    assert (answer.status_code, answer.json()["object"]) == (400, "error")


def test_notion_shows_one_database_to_its_owner(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    row = _search(sandbox, tokens["notion-ada"])["results"][0]
    for identity in (row["id"], row["id"].replace("-", "")):
        found = sandbox.http.get(f"/notion/v1/databases/{identity}", headers=bearer(tokens["notion-ada"])).json()
        assert found["title"] == row["title"]
    stranger = sandbox.http.get(f"/notion/v1/databases/{row['id']}", headers=bearer(tokens["notion-grace"]))
    assert (stranger.status_code, stranger.json()["code"]) == (404, "object_not_found")


# --- Google Drive -----------------------------------------------------------------------------------------------------


def test_drive_knows_whose_it_is(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    answer = sandbox.http.get(f"{ABOUT}?fields=user", headers=bearer(tokens["google-grace"])).json()
    assert answer.keys() == {"user"}
    assert answer["user"]["emailAddress"] == "grace@sandbox.example"
    assert answer["user"]["permissionId"]


def test_drive_about_insists_on_fields(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    assert sandbox.http.get(ABOUT, headers=bearer(tokens["google-ada"])).status_code == 400


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Bearer {notion-ada}"])
def test_drive_wants_a_token_of_its_own(token: str, sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    answer = sandbox.http.get(FILES, headers={"Authorization": token.format_map(tokens)})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["status"], error["errors"][0]["reason"]) == (401, "UNAUTHENTICATED", "authError")


def test_drive_wants_a_scope_of_its_own(sandbox: SandboxProcess) -> None:
    token = issue(sandbox, "google", scope="https://www.googleapis.com/auth/userinfo.email")["access_token"]
    answer = sandbox.http.get(FILES, headers=bearer(token))
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (403, "insufficientPermissions")


def test_drive_lists_what_it_is_asked_for(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    headers = bearer(tokens["google-ada"])
    plain = sandbox.http.get(FILES, headers=headers).json()
    assert plain["files"][0].keys() == {"kind", "id", "name", "mimeType"}
    fields = {"fields": "nextPageToken,files(id,name,webViewLink)", "pageSize": "3"}
    first = sandbox.http.get(FILES, params=fields, headers=headers).json()
    assert first.keys() == {"nextPageToken", "files"}
    assert first["files"][0].keys() == {"id", "name", "webViewLink"}
    rest = sandbox.http.get(FILES, params=fields | {"pageToken": first["nextPageToken"]}, headers=headers).json()
    assert rest.keys() == {"files"}
    assert [row["id"] for row in first["files"] + rest["files"]] == [row["id"] for row in plain["files"]]


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("*", {"kind", "incompleteSearch", "files"}),
        ("files/id", {"files"}),
        ("files(id),kind", {"files", "kind"}),
        ("files(", None),
        ("files)", None),
        (",", None),
        ("", None),
        ("files(id,%)", None),
    ],
)
def test_drive_reads_field_masks(
    fields: str, kept: set[str] | None, sandbox: SandboxProcess, tokens: dict[str, str]
) -> None:
    answer = sandbox.http.get(FILES, params={"fields": fields}, headers=bearer(tokens["google-ada"]))
    assert answer.status_code == (200 if kept else 400)
    assert kept is None or answer.json().keys() == kept


def test_links_of_the_apis_lead_somewhere(sandbox: SandboxProcess, tokens: dict[str, str]) -> None:
    row = _search(sandbox, tokens["notion-ada"])["results"][0]
    assert row["title"][0]["plain_text"] in sandbox.http.get(row["url"]).text
    file = sandbox.http.get(f"{FILES}?fields=*", headers=bearer(tokens["google-ada"])).json()["files"][0]
    assert file["name"] in sandbox.http.get(file["webViewLink"]).text
    assert sandbox.http.get("/google/file/nothing").status_code == 404


def test_scopes_are_named_as_the_real_ones(sandbox: SandboxProcess) -> None:
    assert issue(sandbox, "google")["scope"] == DRIVE
