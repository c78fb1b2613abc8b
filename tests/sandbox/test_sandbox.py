"""The sandbox provider, asked over HTTP by somebody who knows only the real providers' documentation."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.sandbox.process import ROOT, SandboxProcess, approve, authorize_url, exchange, issue

VERSION = {"Notion-Version": "2022-06-28"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def sandbox(running: SandboxProcess) -> SandboxProcess:
    running.reset()
    return running


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _code(address: str) -> str:
    query = parse_qs(urlsplit(address).query)
    assert "code" in query, address
    return query["code"][0]


def test_notion_hands_out_a_lasting_token_that_names_its_workspace(sandbox: SandboxProcess) -> None:
    answer = issue(sandbox, "notion", "grace")
    assert answer["access_token"].startswith("ntn_sandbox_")
    assert (answer["workspace_name"], answer["refresh_token"]) == ("Grace's workspace", None)
    assert "expires_in" not in answer


def test_the_two_accounts_have_different_databases(sandbox: SandboxProcess) -> None:
    titles = {}
    for account in ("ada", "grace"):
        headers = _bearer(issue(sandbox, "notion", account)["access_token"]) | VERSION
        found = httpx2.post(f"{sandbox.url}/notion/v1/search", json={}, headers=headers).json()["results"]
        titles[account] = {row["title"][0]["plain_text"] for row in found}
    assert titles["ada"] and titles["grace"] and not titles["ada"] & titles["grace"]


def test_notion_wants_its_version_header(sandbox: SandboxProcess) -> None:
    headers = _bearer(issue(sandbox, "notion")["access_token"])
    assert httpx2.get(f"{sandbox.url}/notion/v1/users/me", headers=headers).status_code == 400


def test_denying_sends_the_person_back_with_an_error(sandbox: SandboxProcess) -> None:
    query = parse_qs(urlsplit(approve(authorize_url(sandbox, "notion"), allow=False)).query)
    assert query == {"error": ["access_denied"], "state": ["s"]}


def test_google_wants_pkce(sandbox: SandboxProcess) -> None:
    query = parse_qs(urlsplit(approve(authorize_url(sandbox, "google"))).query)
    assert query["error"] == ["invalid_request"]


def test_a_wrong_verifier_gets_nothing(sandbox: SandboxProcess) -> None:
    code = _code(approve(authorize_url(sandbox, "google", "v" * 50)))
    answer = exchange(sandbox, "google", grant_type="authorization_code", code=code, code_verifier="w" * 50)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_works_once(sandbox: SandboxProcess) -> None:
    code = _code(approve(authorize_url(sandbox, "notion")))
    statuses = [exchange(sandbox, "notion", grant_type="authorization_code", code=code).status_code for _ in range(2)]
    assert statuses == [200, 400]


def test_a_refresh_token_comes_with_offline_access_only(sandbox: SandboxProcess) -> None:
    code = _code(approve(authorize_url(sandbox, "google", "v" * 50, access_type="online")))
    answer = exchange(sandbox, "google", grant_type="authorization_code", code=code, code_verifier="v" * 50)
    assert "refresh_token" not in answer.json()
    assert issue(sandbox, "google")["refresh_token"].startswith("1//sandbox-")


def test_a_refresh_token_is_replaced_and_its_reuse_refused(sandbox: SandboxProcess) -> None:
    first = issue(sandbox, "google")["refresh_token"]
    renewed = exchange(sandbox, "google", grant_type="refresh_token", refresh_token=first)
    assert renewed.json()["refresh_token"] != first
    again = exchange(sandbox, "google", grant_type="refresh_token", refresh_token=first)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_many_renewals_at_once(sandbox: SandboxProcess) -> None:
    tokens = [issue(sandbox, "google")["refresh_token"] for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        renew = lambda token: exchange(sandbox, "google", grant_type="refresh_token", refresh_token=token)  # noqa: E731
        assert {answer.status_code for answer in pool.map(renew, tokens)} == {200}


def test_a_revoked_token_is_refused(sandbox: SandboxProcess) -> None:
    tokens = issue(sandbox, "google")
    httpx2.post(f"{sandbox.url}/google/revoke", data={"token": tokens["refresh_token"]})
    assert (
        exchange(sandbox, "google", grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code
        == 400
    )
    assert (
        httpx2.get(f"{sandbox.url}/google/drive/v3/files", headers=_bearer(tokens["access_token"])).status_code == 401
    )


def test_tokens_end_when_told_to(sandbox: SandboxProcess) -> None:
    sandbox.control(access_token_seconds=0)
    tokens = issue(sandbox, "google")
    assert (
        httpx2.get(f"{sandbox.url}/google/drive/v3/files", headers=_bearer(tokens["access_token"])).status_code == 401
    )


def test_a_stranger_to_the_client_gets_nothing(sandbox: SandboxProcess) -> None:
    address = authorize_url(sandbox, "notion", redirect_uri="https://evil.example/")
    assert httpx2.get(address).status_code == 400


def test_switches(sandbox: SandboxProcess) -> None:
    sandbox.control(token_status=503)
    assert exchange(sandbox, "notion", grant_type="authorization_code", code="x").status_code == 503
    sandbox.control(token_status=200, authorize_error="server_error")
    assert "error=server_error" in approve(authorize_url(sandbox, "notion"))
    assert httpx2.post(f"{sandbox.url}/control", json={"nonsense": 1}).status_code == 400
    assert sandbox.log() == {"authorization_code": 1}


def test_its_log_holds_no_token(sandbox: SandboxProcess) -> None:
    tokens = issue(sandbox, "google")
    exchange(sandbox, "google", grant_type="refresh_token", refresh_token="wrong-refresh-token")
    text = sandbox.log_path.read_text()
    assert not [
        secret for secret in (tokens["access_token"], tokens["refresh_token"], "wrong-refresh-token") if secret in text
    ]


def test_a_taken_port_is_said_in_a_sentence(sandbox: SandboxProcess, tmp_path: Path) -> None:
    command = [sys.executable, "sandbox/manage.py", "serve", "--port", str(sandbox.port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"Port {sandbox.port} is taken" in done.stderr
