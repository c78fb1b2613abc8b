"""The example tool against the sandbox provider: a real OAuth token in its `.env`, and no dashboard anywhere."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.world import Tool, running
from tests.sandbox.process import SandboxProcess, issue


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3") as process:
        yield process


@pytest.fixture
def token(sandbox: SandboxProcess) -> str:
    sandbox.reset()
    granted: str = issue(sandbox, "notion", "grace")["access_token"]
    return granted


@pytest.fixture
def tool(tmp_path: Path, sandbox: SandboxProcess, token: str) -> Iterator[Tool]:
    addresses = {"NOTION_API_URL": f"{sandbox.url}/notion", "GOOGLE_API_URL": f"{sandbox.url}/google"}
    with running(tmp_path, addresses, dotenv=f"NOTION_TOKEN={token}\n") as started:
        yield started


def test_lists_what_the_account_allowed(tool: Tool) -> None:
    titles = [row["title"] for row in tool.get("/api/databases").json["databases"]]
    assert titles == ["Compiler bugs", "Nanosecond lectures", "Ship's log"]
    page = tool.get().text
    assert "Compiler bugs" in page
    assert "Optional. Set GOOGLEDRIVE_TOKEN" in page


def test_says_so_when_access_was_taken_back(tool: Tool, sandbox: SandboxProcess, token: str) -> None:
    sandbox.revoke("grace")
    page = tool.get()
    assert page.status == 502
    assert "Check NOTION_TOKEN in .env" in page.text
    assert token not in page.text + tool.log


@pytest.mark.parametrize(("status", "words"), [(429, "Wait 9 seconds"), (503, "trouble of its own")])
def test_says_so_when_notion_is_unwell(status: int, words: str, tool: Tool, sandbox: SandboxProcess) -> None:
    sandbox.control(api_status=status, retry_after_seconds=9)
    assert words in tool.get().text
    sandbox.reset()
    assert tool.get().status == 200


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RuntimeError) as refused:
        port = taken.getsockname()[1]
        with running(tmp_path, {"PORT": str(port)}):
            pass
    assert f"Port {port} can't be used" in str(refused.value)
    assert "Traceback" not in str(refused.value)
