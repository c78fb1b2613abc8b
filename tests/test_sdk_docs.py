"""docs/sdk.md: each block does what the page says, and the page has what the package has."""

import asyncio
import hmac
import json
import re
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
import vendo
from vendo import errors
from vendo.testing import MockClient, fake_connection

from tests.sdk_tutorial import PAGE, blocks

TEXT = PAGE.read_text()
README = (PAGE.parent.parent / "sdk/python/README.md").read_text()


@pytest.fixture
def mock() -> Any:
    """A dashboard in memory, in the place of the environment's."""
    with MockClient() as running:
        yield running


def run(name: str) -> dict[str, Any]:
    """What a block defines."""
    names: dict[str, Any] = {"__name__": "tutorial"}
    exec(compile(blocks()[name], f"sdk.md: {name}", "exec"), names)  # noqa: S102
    return names


def until(condition: Any) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_python_block_has_a_name() -> None:
    assert TEXT.count("```python") == len(blocks())


def test_the_token(mock: MockClient) -> None:
    mock.connect("notion", "n")
    assert run("token")["headers"]["Authorization"] == "Bearer n"


def test_the_safe_variant(mock: MockClient) -> None:
    notion = run("safe")["notion"]
    assert notion() == {"status": "connect", "url": mock.connect_url("notion")}
    mock.connect("notion", "n")
    assert notion() == {"status": "ready", "token": "n"}
    mock.needs_reauth("notion")
    assert notion() == {"status": "reconnect", "url": mock.connect_url("notion")}


def test_the_connect_page(mock: MockClient) -> None:
    assert run("connect")["another_account"]().endswith("state=from-settings")


def test_the_context(mock: MockClient) -> None:
    mock.connect("notion", connection=fake_connection("notion", display_name="Ada", metadata={"workspace_id": "w"}))
    found = run("context")["account"]()
    assert found == {"status": "connected", "name": "Ada", "context": None, "workspace": "w", "connect": None}


def test_the_watcher(mock: MockClient) -> None:
    heard: list[vendo.Event] = []
    run("watch")["watch_in_the_background"](heard.append)
    until(lambda: mock._memory._streams)
    mock.connect("notion")
    until(lambda: heard)
    assert (heard[0].kind, heard[0].slug) == ("connection.connected", "notion")


def test_the_async_watcher(mock: MockClient) -> None:
    async def program() -> vendo.Event:
        first = asyncio.create_task(run("watch-async")["first_change"]())
        await asyncio.to_thread(until, lambda: mock._memory._streams)
        mock.connect("notion")
        event: vendo.Event = await first
        return event

    assert asyncio.run(program()).slug == "notion"


def test_the_session(mock: MockClient, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["Authorization"])
        return httpx2.Response(200, json={"name": "Ada"})

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", lambda _, request: answer(request))
    mock.connect("notion", "n")
    assert run("session")["whoami"]() == "Ada"
    assert seen == ["Bearer n"]


def test_the_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDO_WEBHOOK_SECRET", "s")
    body = json.dumps({"id": "e", "type": "t", "occurred_at": "2030-01-01T00:00:00Z", "data": {}}).encode()
    now = str(int(time.time()))
    signature = hmac.new(b"s", f"{now}.".encode() + body, sha256).hexdigest()
    receive = run("webhook")["receive"]
    assert receive(body, {"Vendo-Timestamp": now, "Vendo-Signature": signature}) == 204
    assert receive(body + b" ", {"Vendo-Timestamp": now, "Vendo-Signature": signature}) == 401


def test_the_webhook_that_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDO_WEBHOOK_SECRET", "s")
    body, now = b'{"update_id": 7, "message": {"text": "Hello"}}', str(int(time.time()))
    signature = hmac.new(b"s", f"{now}.".encode() + body, sha256).hexdigest()
    receive = run("passed-on")["telegram"]
    assert receive(body, {"Vendo-Timestamp": now, "Vendo-Signature": signature}) == 204
    assert receive(body, {"Vendo-Timestamp": now, "Vendo-Signature": "f" * 64}) == 401


def test_the_test() -> None:
    run("testing")["test_a_tool_without_a_network"]()


def test_the_reconciler(mock: MockClient, tmp_path: Path) -> None:
    bootstrap = vendo.EnvBootstrap((vendo.EnvVar("NOTION_TOKEN", "access_token"),), "none")
    file = tmp_path / "gateway.env"
    reconciler = run("reconciler")["keep_in_step"](file)
    until(lambda: mock._memory._streams)
    mock.connect("notion", "n", connection=fake_connection("notion", env_bootstrap=bootstrap))
    until(lambda: file.exists() and file.read_text() == "NOTION_TOKEN=n\n")
    mock.disconnect("notion")
    until(lambda: file.read_text() == "")
    reconciler.close()
    until(lambda: "vendo-reconciler" not in {thread.name for thread in threading.enumerate()})


@pytest.mark.parametrize("page", [TEXT, README], ids=["docs/sdk.md", "README"])
def test_every_error_has_a_row(page: str) -> None:
    rows = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    classes = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)} - {"VendoError"}
    assert {name for name in classes if f"`{name}`" not in rows} == set()


def test_every_shortcut_is_spoken_of() -> None:
    words = [name for name in vendo.__all__ if name[0].islower() and not name.startswith("_")]
    assert [name for name in words if not re.search(rf"\b{name}\b", README)] == []
    assert [name for name in words if not re.search(rf"vendo\.{name}\b|for_request", TEXT)] == []
