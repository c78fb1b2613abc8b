"""The look-alikes of the two APIs that people bring keys for."""

import json
import re
from typing import Any

import pytest

from tests.sandbox.process import SandboxProcess
from tests.servers import answer, upstream

KEYS = {"ada": "sk-sandbox-ada-0123456789abcdefghij", "grace": "sk-sandbox-grace-0123456789abcdefghij"}
LIMITED = "sk-sandbox-ada-limited-0123456789abcdef"
BOTS = {
    "ada": "700000001:AAsandbox-ada-0123456789abcdefghijk",
    "grace": "700000002:AAsandbox-grace-0123456789abcdefghi",
}
MODELS = "/openai/v1/models"


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _ask(sandbox: SandboxProcess, method: str, account: str = "ada", **arguments: Any) -> Any:
    answer = sandbox.http.post(f"/telegram/bot{BOTS[account]}/{method}", json=arguments)
    assert answer.status_code == (200 if answer.json()["ok"] else answer.json()["error_code"])
    return answer.json()


def test_the_home_page_lists_what_can_be_pasted(sandbox: SandboxProcess) -> None:
    page = sandbox.http.get("/").text
    assert all(f"<code>{secret}</code>" in page for secret in [*KEYS.values(), LIMITED, *BOTS.values()])


# --- OpenAI -----------------------------------------------------------------------------------------------------------


def test_a_key_lists_models(sandbox: SandboxProcess) -> None:
    found = sandbox.http.get(MODELS, headers=_bearer(KEYS["ada"])).json()
    assert found["object"] == "list"
    assert {row["object"] for row in found["data"]} == {"model"}


@pytest.mark.parametrize(
    ("key", "status", "code"), [("sk-nobodys", 401, "invalid_api_key"), (LIMITED, 403, "missing_scope")]
)
def test_a_key_that_is_refused(key: str, status: int, code: str, sandbox: SandboxProcess) -> None:
    answer = sandbox.http.get(MODELS, headers=_bearer(key))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert key not in answer.text


def test_a_chat_says_again_what_was_said(sandbox: SandboxProcess) -> None:
    body = {"model": "gpt-sandbox", "messages": [{"role": "user", "content": "Hello"}]}
    answer = sandbox.http.post("/openai/v1/chat/completions", json=body, headers=_bearer(KEYS["ada"]))
    assert answer.json()["choices"][0]["message"]["content"] == "You said: Hello"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"model": "gpt-sandbox"}', 400), (b'{"model": "x"}', 404)]
)
def test_a_chat_that_makes_no_sense(body: bytes, status: int, sandbox: SandboxProcess) -> None:
    headers = _bearer(KEYS["ada"]) | {"Content-Type": "application/json"}
    assert sandbox.http.post("/openai/v1/chat/completions", content=body, headers=headers).status_code == status


# --- Telegram ---------------------------------------------------------------------------------------------------------


def test_each_account_has_a_bot_of_its_own(sandbox: SandboxProcess) -> None:
    found = [_ask(sandbox, "getMe", account)["result"] for account in BOTS]
    assert [bot["id"] for bot in found] == [700000001, 700000002]
    assert [bot["username"] for bot in found] == ["sandbox_ada_bot", "sandbox_grace_bot"]


@pytest.mark.parametrize(("token", "status"), [("700000001:AA" + "x" * 33, 401), ("nonsense", 404)])
def test_a_token_that_is_refused(token: str, status: int, sandbox: SandboxProcess) -> None:
    answer = sandbox.http.get(f"/telegram/bot{token}/getMe")
    assert (answer.status_code, answer.json()["ok"]) == (status, False)


def test_a_bot_is_called_back_or_asks_and_not_both(sandbox: SandboxProcess) -> None:
    assert _ask(sandbox, "getUpdates")["result"] == []
    assert _ask(sandbox, "setWebhook", url="https://example.com/hook", secret_token="s3cret")["ok"]
    assert _ask(sandbox, "getWebhookInfo")["result"]["url"] == "https://example.com/hook"
    assert _ask(sandbox, "getUpdates")["error_code"] == 409
    assert _ask(sandbox, "deleteWebhook")["ok"]
    assert _ask(sandbox, "getUpdates")["ok"]


@pytest.mark.parametrize("url", ["http://example.com/hook", "ftp://example.com", "nonsense", "https://"])
def test_a_webhook_is_at_an_https_address(url: str, sandbox: SandboxProcess) -> None:
    assert _ask(sandbox, "setWebhook", url=url)["error_code"] == 400
    assert _ask(sandbox, "getWebhookInfo")["result"]["url"] == ""


def test_what_people_write_is_sent_to_the_webhook(sandbox: SandboxProcess) -> None:
    with upstream() as hook:
        _ask(sandbox, "setWebhook", url=f"{hook.url}/here", secret_token="s3cret")
        hook.reply = lambda seen, handler: answer(handler, 200, b"thanks")
        sent = sandbox.write("sandbox_ada_bot", "Hello")
        again = sandbox.write("sandbox_ada_bot", "Hello", sent["update_id"])
        hook.reply = lambda seen, handler: answer(handler, 503)
        failed = sandbox.write("sandbox_ada_bot", "Still there?")
    assert (sent["status"], sent["answer"], failed["status"]) == (200, "thanks", 503)
    assert (again["update_id"], failed["update_id"]) == (sent["update_id"], sent["update_id"] + 1)
    first = hook.seen[0]
    assert (first.method, first.target, first.header("x-telegram-bot-api-secret-token")) == ("POST", "/here", "s3cret")
    update = json.loads(first.body)
    assert (update["update_id"], update["message"]["text"]) == (sent["update_id"], "Hello")
    assert _ask(sandbox, "getWebhookInfo")["result"]["last_error_message"] == "Wrong response from the webhook: 503"
    assert sandbox.write("sandbox_ada_bot", "Anybody?")["status"] == 0


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"bot": "nobody"}', b'{"bot": "sandbox_ada_bot"}', b'{"update_id": "x"}']
)
def test_a_message_that_can_not_be_sent(body: bytes, sandbox: SandboxProcess) -> None:
    assert sandbox.http.post("/control/message", content=body).status_code == 400


def test_messages_are_written_on_the_same_machine(sandbox: SandboxProcess) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    assert sandbox.http.post("/control/message", json={}, headers=headers).status_code == 403


def test_a_webhooks_secret_has_few_letters_to_choose_from(sandbox: SandboxProcess) -> None:
    assert _ask(sandbox, "setWebhook", url="https://example.com", secret_token="no spaces")["error_code"] == 400


def test_a_message_is_sent(sandbox: SandboxProcess) -> None:
    found = _ask(sandbox, "sendMessage", chat_id=7, text="Hello")["result"]
    assert (found["text"], found["chat"]["id"]) == ("Hello", 7)
    assert _ask(sandbox, "sendMessage", chat_id=7)["error_code"] == 400
    assert _ask(sandbox, "flyToTheMoon")["error_code"] == 404


# --- misbehaviour -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [MODELS, f"/telegram/bot{BOTS['ada']}/getMe"])
def test_they_fail_as_told(path: str, sandbox: SandboxProcess) -> None:
    sandbox.control(api_status=503, api_times=1)
    answers = [sandbox.http.get(path, headers=_bearer(KEYS["ada"])) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].headers["Retry-After"] == "2"


def test_a_person_deletes_all_keys(sandbox: SandboxProcess) -> None:
    sandbox.revoke("ada")
    assert sandbox.http.get(MODELS, headers=_bearer(KEYS["ada"])).status_code == 401
    assert _ask(sandbox, "getMe")["error_code"] == 401
    assert sandbox.http.get(MODELS, headers=_bearer(KEYS["grace"])).status_code == 200
    sandbox.reset()
    assert _ask(sandbox, "getMe")["ok"]


def test_keys_that_were_used_are_among_the_secrets(sandbox: SandboxProcess) -> None:
    _ask(sandbox, "setWebhook", url="https://example.com", secret_token="the-webhooks-secret")
    found = sandbox.secrets()
    assert BOTS["ada"] in found
    assert "the-webhooks-secret" in found
    assert not [secret for secret in found if re.search(r"\s", secret)]
