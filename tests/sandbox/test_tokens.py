"""The token endpoints, asked by somebody who knows only the real providers' documentation."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.process import (
    CALLBACK,
    CLIENT,
    DRIVE,
    SandboxProcess,
    answer_of,
    approve,
    authorize_url,
    bearer,
    exchange,
    issue,
)

VERIFIER = "v" * 50
FILES = "/google/drive/v3/files"


def _code(sandbox: SandboxProcess, provider: str, **query: str) -> str:
    return answer_of(approve(authorize_url(sandbox, provider, VERIFIER, **query)))["code"]


def _refresh(sandbox: SandboxProcess, token: str) -> Any:
    return exchange(sandbox, "google", grant_type="refresh_token", refresh_token=token)


def _drive_status(sandbox: SandboxProcess, token: str) -> int:
    return sandbox.http.get(FILES, headers=bearer(token)).status_code


# --- codes ------------------------------------------------------------------------------------------------------------


def test_notion_hands_out_a_lasting_token_that_names_its_workspace(sandbox: SandboxProcess) -> None:
    answer = issue(sandbox, "notion", "grace")
    assert answer["access_token"].startswith("ntn_sandbox_")
    assert answer["workspace_name"] == "Grace's workspace"
    assert (answer["token_type"], answer["refresh_token"], answer["workspace_icon"]) == ("bearer", None, None)
    assert answer["owner"]["user"]["person"]["email"] == "grace@sandbox.example"
    assert "expires_in" not in answer and "scope" not in answer


def test_google_hands_out_a_token_for_an_hour(sandbox: SandboxProcess) -> None:
    answer = issue(sandbox, "google")
    assert answer["access_token"].startswith("ya29.sandbox-")
    assert (answer["expires_in"], answer["token_type"], answer["scope"]) == (3599, "Bearer", DRIVE)
    assert answer["refresh_token"].startswith("1//sandbox-")


def test_a_refresh_token_comes_with_offline_access_only(sandbox: SandboxProcess) -> None:
    assert "refresh_token" not in issue(sandbox, "google", access_type="online")


@pytest.mark.parametrize("provider", ["notion", "google"])
@pytest.mark.parametrize("verifier", ["w" * 50, ""])
def test_a_wrong_or_missing_verifier_gets_nothing(verifier: str, provider: str, sandbox: SandboxProcess) -> None:
    sent = {"code_verifier": verifier} if verifier else {}
    answer = exchange(sandbox, provider, grant_type="authorization_code", code=_code(sandbox, provider), **sent)
    assert answer.status_code == 400
    assert answer.json()["error"] == ("invalid_grant" if verifier else "invalid_request")


def test_notion_checks_a_verifier_that_comes(sandbox: SandboxProcess) -> None:
    fields = {"grant_type": "authorization_code", "code": _code(sandbox, "notion"), "code_verifier": VERIFIER}
    assert exchange(sandbox, "notion", **fields).status_code == 200


def test_a_code_works_once(sandbox: SandboxProcess) -> None:
    fields = {"grant_type": "authorization_code", "code": _code(sandbox, "google"), "code_verifier": VERIFIER}
    assert [exchange(sandbox, "google", **fields).status_code for _ in range(2)] == [200, 400]


def test_a_code_is_bound_to_its_redirect_uri(sandbox: SandboxProcess) -> None:
    fields = {"grant_type": "authorization_code", "code": _code(sandbox, "google"), "code_verifier": VERIFIER}
    assert exchange(sandbox, "google", redirect_uri="http://localhost:9/other", **fields).status_code == 400


# --- clients ----------------------------------------------------------------------------------------------------------


def test_notion_takes_a_form_too(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "authorization_code", "code": _code(sandbox, "notion"), "code_verifier": VERIFIER}
    answer = sandbox.http.post("/notion/v1/oauth/token", data=form | {"redirect_uri": CALLBACK}, auth=CLIENT)
    assert answer.status_code == 200


def test_notion_reads_the_secret_from_the_header_only(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "authorization_code", "code": "any", "client_id": CLIENT[0], "client_secret": CLIENT[1]}
    answer = sandbox.http.post("/notion/v1/oauth/token", json=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_google_takes_basic_too(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": issue(sandbox, "google")["refresh_token"]}
    assert sandbox.http.post("/google/token", data=form, auth=CLIENT).status_code == 200


@pytest.mark.parametrize("provider", ["notion", "google"])
def test_a_wrong_secret_gets_nothing(provider: str, sandbox: SandboxProcess) -> None:
    path = {"notion": "/notion/v1/oauth/token", "google": "/google/token"}[provider]
    form = {"grant_type": "authorization_code", "code": _code(sandbox, provider)}
    answer = sandbox.http.post(path, data=form, auth=(CLIENT[0], "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("body", ["", "not json", "[]", "{}"])
def test_nonsense_gets_an_error_object(body: str, sandbox: SandboxProcess) -> None:
    headers = {"Content-Type": "application/json"}
    answer = sandbox.http.post("/notion/v1/oauth/token", content=body, headers=headers, auth=CLIENT)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


# --- refresh ----------------------------------------------------------------------------------------------------------


def test_a_refresh_brings_a_new_pair(sandbox: SandboxProcess) -> None:
    first = issue(sandbox, "google")
    second = _refresh(sandbox, first["refresh_token"]).json()
    assert second["refresh_token"] not in {None, first["refresh_token"]}
    assert second["access_token"] != first["access_token"]
    assert (second["scope"], second["expires_in"]) == (DRIVE, 3599)
    assert _drive_status(sandbox, second["access_token"]) == 200


def test_narrowing_the_scope_keeps_the_refresh_token_coming(sandbox: SandboxProcess) -> None:
    both = f"{DRIVE} https://www.googleapis.com/auth/userinfo.email"
    first = issue(sandbox, "google", scope=both)["refresh_token"]
    answer = exchange(sandbox, "google", grant_type="refresh_token", refresh_token=first, scope=DRIVE).json()
    assert answer["scope"] == DRIVE
    assert _refresh(sandbox, answer["refresh_token"]).status_code == 200


def test_reusing_a_refresh_token_is_refused_and_ends_the_chain(sandbox: SandboxProcess) -> None:
    first = issue(sandbox, "google")["refresh_token"]
    second = _refresh(sandbox, first).json()
    again = _refresh(sandbox, first)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert _refresh(sandbox, second["refresh_token"]).status_code == 400
    assert _drive_status(sandbox, second["access_token"]) == 401


def test_without_rotation_the_token_stays(sandbox: SandboxProcess) -> None:
    first = issue(sandbox, "google")["refresh_token"]
    sandbox.control(rotate_refresh_tokens=False)
    for _ in range(2):
        answer = _refresh(sandbox, first).json()
        assert "refresh_token" not in answer
        assert _drive_status(sandbox, answer["access_token"]) == 200


def test_thirty_two_refreshes_of_different_tokens_at_once(sandbox: SandboxProcess) -> None:
    with ThreadPoolExecutor(32) as pool:
        tokens = [answer["refresh_token"] for answer in pool.map(lambda _: issue(sandbox, "google"), range(32))]
        statuses = list(pool.map(lambda token: _refresh(sandbox, token).status_code, tokens))
    assert statuses == [200] * 32
    assert sandbox.log() == {"authorization_code": 32, "refresh_token": 32}


def test_thirty_two_refreshes_of_one_token_at_once_succeed_once(sandbox: SandboxProcess) -> None:
    token = issue(sandbox, "google")["refresh_token"]
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: _refresh(sandbox, token), range(32)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 31
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


# --- the end of a token -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_google_ends_both_tokens_of_a_pair(kind: str, sandbox: SandboxProcess) -> None:
    tokens = issue(sandbox, "google")
    assert sandbox.http.post("/google/revoke", data={"token": tokens[kind]}).status_code == 200
    assert _refresh(sandbox, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert _drive_status(sandbox, tokens["access_token"]) == 401
    assert sandbox.http.post("/google/revoke", data={"token": tokens[kind]}).json()["error"] == "invalid_token"


def test_notion_ends_a_token(sandbox: SandboxProcess) -> None:
    token = issue(sandbox, "notion")["access_token"]
    body = json.dumps({"token": token})
    headers = {"Content-Type": "application/json"}
    assert sandbox.http.post("/notion/v1/oauth/revoke", content=body, headers=headers).status_code == 401
    assert sandbox.http.post("/notion/v1/oauth/revoke", content=body, headers=headers, auth=CLIENT).status_code == 200
    assert sandbox.http.get("/notion/v1/users/me", headers=bearer(token)).status_code == 401


def test_access_tokens_end_in_time(sandbox: SandboxProcess) -> None:
    sandbox.control(access_token_seconds=0)
    tokens = issue(sandbox, "google")
    assert tokens["expires_in"] == 0
    assert _drive_status(sandbox, tokens["access_token"]) == 401
    sandbox.control(access_token_seconds=60)
    assert _drive_status(sandbox, _refresh(sandbox, tokens["refresh_token"]).json()["access_token"]) == 200
