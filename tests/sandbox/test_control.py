"""The switches that make the sandbox misbehave, and what it must never do."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.process import (
    DRIVE,
    ROOT,
    SandboxProcess,
    answer_of,
    approve,
    authorize_url,
    bearer,
    exchange,
    issue,
)

ME = "/notion/v1/users/me"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
VERIFIER = "v" * 50


@pytest.mark.parametrize(("status", "waits"), [(503, True), (429, True), (500, False)])
def test_the_token_endpoint_fails_as_told(status: int, waits: bool, sandbox: SandboxProcess) -> None:
    sandbox.control(token_status=status, retry_after_seconds=7)
    answer = exchange(sandbox, "notion", grant_type="authorization_code", code="x")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "7" if waits else None)
    assert answer.json()["error"]


def test_a_number_of_failures(sandbox: SandboxProcess) -> None:
    token = issue(sandbox, "google")["refresh_token"]
    sandbox.control(token_status=503, token_times=2)
    fields = {"grant_type": "refresh_token", "refresh_token": token}
    assert [exchange(sandbox, "google", **fields).status_code for _ in range(3)] == [503, 503, 200]


def test_the_token_endpoint_is_slow_as_told(sandbox: SandboxProcess) -> None:
    sandbox.control(token_delay_ms=300)
    begun = time.monotonic()
    exchange(sandbox, "notion", grant_type="authorization_code", code="x")
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "unauthorized", "authError"),
        (403, "restricted_resource", "insufficientPermissions"),
        (429, "rate_limited", "rateLimitExceeded"),
        (503, "service_unavailable", "backendError"),
        (418, "i'm_a_teapot", "im_a_teapot"),
    ],
)
def test_the_apis_fail_as_told(status: int, code: str, reason: str, sandbox: SandboxProcess) -> None:
    token = issue(sandbox, "notion")["access_token"]
    sandbox.control(api_status=status, api_times=2)
    notion, drive = sandbox.http.get(ME, headers=bearer(token)), sandbox.http.get("/google/drive/v3/files")
    assert (notion.status_code, notion.json()["code"]) == (status, code)
    assert (drive.status_code, drive.json()["error"]["errors"][0]["reason"]) == (status, reason)
    assert sandbox.http.get(ME, headers=bearer(token)).status_code == 200


def test_the_person_allows_less_than_was_asked(sandbox: SandboxProcess) -> None:
    sandbox.control(refused_scopes=[EMAIL])
    assert issue(sandbox, "google", scope=f"{DRIVE} {EMAIL}")["scope"] == DRIVE
    answer = answer_of(approve(authorize_url(sandbox, "google", VERIFIER, scope=EMAIL)))
    assert answer["error"] == "access_denied"


def test_the_provider_sends_an_error_instead_of_asking(sandbox: SandboxProcess) -> None:
    sandbox.control(authorize_error="server_error")
    answer = answer_of(approve(authorize_url(sandbox, "notion", state="ours")))
    assert (answer["error"], answer["state"]) == ("server_error", "ours")


def test_an_issuer_in_the_answer(sandbox: SandboxProcess) -> None:
    sandbox.control(authorize_iss="https://somebody-else.example")
    assert answer_of(approve(authorize_url(sandbox, "notion")))["iss"] == "https://somebody-else.example"


def test_the_person_takes_access_back(sandbox: SandboxProcess) -> None:
    ada, grace = issue(sandbox, "google", "ada"), issue(sandbox, "google", "grace")
    notion = issue(sandbox, "notion", "ada")["access_token"]
    sandbox.revoke("ada")
    assert sandbox.http.get(ME, headers=bearer(notion)).status_code == 401
    ours, theirs = (
        exchange(sandbox, "google", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        for tokens in (ada, grace)
    )
    assert (ours.json()["error"], theirs.status_code) == ("invalid_grant", 200)


def test_access_tokens_end_before_their_time(sandbox: SandboxProcess) -> None:
    tokens = issue(sandbox, "google")
    sandbox.expire()
    assert sandbox.http.get("/google/drive/v3/files", headers=bearer(tokens["access_token"])).status_code == 401
    answer = exchange(sandbox, "google", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.status_code == 200


def test_token_requests_are_counted_by_grant_type(sandbox: SandboxProcess) -> None:
    assert sandbox.log() == {"authorization_code": 0, "refresh_token": 0}
    issue(sandbox, "notion")
    exchange(sandbox, "google", grant_type="refresh_token", refresh_token="wrong")
    exchange(sandbox, "google", grant_type="password")
    assert sandbox.log() == {"authorization_code": 1, "refresh_token": 1, "other": 1}
    sandbox.reset()
    assert sandbox.log() == {"authorization_code": 0, "refresh_token": 0}


@pytest.mark.parametrize("wanted", [{"nonsense": 1}, {"token_status": "503"}, {"token_status": True}, [], "x"])
def test_an_unknown_switch_is_named(wanted: object, sandbox: SandboxProcess) -> None:
    answer = sandbox.http.post("/control", json=wanted)
    assert answer.status_code == 400
    assert "token_status" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/control", "/control/reset", "/control/revoke", "/control/expire"])
def test_no_web_page_turns_switches(path: str, sandbox: SandboxProcess) -> None:
    answer = sandbox.http.post(path, json={}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert sandbox.http.get(path).status_code == 405


def test_nobody_else_is_served_by_name(sandbox: SandboxProcess) -> None:
    assert sandbox.http.get("/control/secrets", headers={"Host": "evil.example"}).status_code == 400


def test_its_log_holds_no_secret(sandbox: SandboxProcess) -> None:
    tokens = issue(sandbox, "google")
    sandbox.http.get(authorize_url(sandbox, "notion", redirect_uri="https://evil.example/", code="a-code"))
    exchange(sandbox, "google", grant_type="refresh_token", refresh_token="a-wrong-refresh-token")
    sandbox.http.get("/nowhere?code=a-code&state=a-state")
    known = sandbox.secrets()
    assert {tokens["access_token"], tokens["refresh_token"]} <= {*known}
    text = sandbox.log_path.read_text()
    assert "/nowhere" in text
    assert not [secret for secret in [*known, "a-wrong-refresh-token", "a-code"] if len(secret) > 1 and secret in text]


def test_a_taken_port_is_said_in_a_sentence(sandbox: SandboxProcess, tmp_path: Path) -> None:
    command = [sys.executable, "sandbox/manage.py", "serve", "--port", str(sandbox.port)]
    environment = {"SANDBOX_DATABASE": str(tmp_path / "new" / "folder" / "sandbox.sqlite3")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == (
        f"Port {sandbox.port} is taken. Stop what listens there, or choose another with --port."
    )


def test_a_second_start_keeps_accounts_and_tokens(tmp_path: Path) -> None:
    process = SandboxProcess(tmp_path / "new" / "sandbox.sqlite3")
    process.database.parent.mkdir()
    with process:
        token = issue(process, "notion", "grace")["access_token"]
    with process:
        me = process.http.get(ME, headers=bearer(token)).json()
    assert me["bot"]["workspace_name"] == "Grace's workspace"
