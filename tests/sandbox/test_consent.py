"""The consent page: what it says, where it leads, and whom it refuses."""

import pytest

from tests.sandbox.process import CALLBACK, SandboxProcess, answer_of, approve, authorize_url, client

VERIFIER = "v" * 50


def test_says_what_is_asked_and_that_nothing_is_real(sandbox: SandboxProcess) -> None:
    page = sandbox.http.get(authorize_url(sandbox, "google", VERIFIER)).text
    assert "no real account is touched" in page
    assert "See and download all your Google Drive files" in page
    assert "ada@sandbox.example" in page and "grace@sandbox.example" in page


def test_allowing_brings_a_code_and_the_state(sandbox: SandboxProcess) -> None:
    callback = approve(authorize_url(sandbox, "notion", state="ours"))
    assert callback.startswith(f"{CALLBACK}?")
    answer = answer_of(callback)
    assert answer.keys() == {"code", "state"} and answer["state"] == "ours"


def test_denying_brings_an_error_and_the_state(sandbox: SandboxProcess) -> None:
    answer = answer_of(approve(authorize_url(sandbox, "notion", state="ours"), allow=False))
    assert (answer["error"], answer["state"]) == ("access_denied", "ours")
    assert "code" not in answer


@pytest.mark.parametrize("query", [{"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}])
def test_a_stranger_is_not_sent_anywhere(query: dict[str, str], sandbox: SandboxProcess) -> None:
    page = sandbox.http.get(authorize_url(sandbox, "notion", **query))
    assert page.status_code == 400
    assert "can’t be used" in page.text


def test_google_wants_pkce_and_notion_does_not(sandbox: SandboxProcess) -> None:
    assert answer_of(approve(authorize_url(sandbox, "google")))["error"] == "invalid_request"
    assert "code" in answer_of(approve(authorize_url(sandbox, "notion")))


def test_a_plain_challenge_is_refused(sandbox: SandboxProcess) -> None:
    address = authorize_url(sandbox, "notion", code_challenge=VERIFIER, code_challenge_method="plain")
    assert answer_of(approve(address))["error"] == "invalid_request"


@pytest.mark.parametrize("scope", ["", "https://www.googleapis.com/auth/gmail.readonly", "workspace"])
def test_google_knows_its_own_scopes_only(scope: str, sandbox: SandboxProcess) -> None:
    answer = answer_of(approve(authorize_url(sandbox, "google", VERIFIER, scope=scope, state="ours")))
    assert (answer["error"], answer["state"]) == ("invalid_scope", "ours")


def test_an_answer_needs_the_page_it_came_from(sandbox: SandboxProcess) -> None:
    with client() as forger:
        answer = forger.post(authorize_url(sandbox, "notion"), data={"account": "ada", "allow": "yes"})
    assert answer.status_code == 403


def test_its_cookies_have_names_of_their_own(sandbox: SandboxProcess) -> None:
    with client() as person:
        person.get(authorize_url(sandbox, "notion"))
        assert list(person.cookies) == ["sandbox_csrftoken"]


def test_a_popup_keeps_its_opener_and_may_go_back_to_the_client(sandbox: SandboxProcess) -> None:
    headers = sandbox.http.get(authorize_url(sandbox, "notion")).headers
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "form-action 'self' http://localhost:9;" in headers["Content-Security-Policy"]
