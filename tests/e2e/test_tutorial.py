"""The tutorial as a person lives it: docs/sdk.md's own blocks, once as a deployed tool and once as a local script."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Visitor
from tests.e2e.deployed import Tool, tool_of
from tests.e2e.stack import ROOT, Stack
from tests.e2e.test_journey import deploy
from tests.sdk_tutorial import module
from tests.services import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]

SLUG = "tutorial"
NOTION = [{"provider": "notion", "optional": True}]
TEMPLATE = {
    "slug": SLUG,
    "name": "Tutorial",
    "version": "1.0.0",
    "source": {"type": "local", "path": "."},
    "services": [
        {"name": "web", "role": "web", "startCommand": "python app.py", "port": 8080, "healthPath": "/healthz"}
    ],
    "integrations": NOTION,
    "readiness": {"healthPath": "/healthz", "maxRetries": 30, "retryIntervalSec": 1},
}
DECLARATION = {"name": SLUG, "version": 1, "runtime": "python", "integrations": NOTION}

# What the page leaves to the reader: a server around its functions, so that the test can look at what they return.
APP = """
import importlib, json, os, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import tutorial
import vendo

heard, opened = [], threading.Event()
tutorial.watch_in_the_background(
    lambda event: heard.append(
        {"kind": event.kind, "slug": event.slug, "status": event.status, "connection": event.connection_id,
         "then": tutorial.notion()["status"]}
    )
)
ANSWERS = {
    "/healthz": lambda: {"status": "ok"},
    "/notion": tutorial.notion,
    "/account": tutorial.account,
    "/another": tutorial.another_account,
    "/token": lambda: importlib.import_module("first").headers,
    "/heard": lambda: heard,
    "/me": lambda: str(vendo.deployment.current()),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = ANSWERS.get(self.path, lambda: None)()
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def write_tool(folder: Path) -> Path:
    """The tool whose code is the page's."""
    folder.mkdir()
    for name, text in {
        "tutorial.py": module("safe", "connect", "context", "watch"),
        "first.py": module("token"),
        "app.py": APP,
        "requirements.txt": "vendo\n",
        "vendo.yaml": json.dumps(DECLARATION),  # JSON is YAML
        "template.json": json.dumps(TEMPLATE),
    }.items():
        (folder / name).write_text(text)
    return folder


@contextmanager
def deployed(stack: Stack, person: Visitor, folder: Path) -> Iterator[Tool]:
    """Published, launched through the wizard, run by the supervisor."""
    stack.manage("publish_tool", str(folder))
    deploy(person, SLUG)
    yield tool_of(person.page)


@contextmanager
def local(stack: Stack, person: Visitor, folder: Path) -> Iterator[Tool]:
    """A script on somebody's machine, with the key of a project."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "sdk/python/src"),
        "PORT": str(port),
        "VENDO_API_KEY": mint(person),
        "VENDO_BASE_URL": stack.url,
    }
    script = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield Tool(f"http://127.0.0.1:{port}")
    finally:
        script.kill()
        script.wait()


def mint(person: Visitor) -> str:
    """A project, and a key of it, by the dashboard's JSON."""
    person.go("/apps")
    cookies = {cookie["name"]: cookie["value"] for cookie in person.context.cookies()}
    headers = {"X-CSRFToken": cookies["vendo_csrf"]}

    def post(path: str) -> Any:
        answer = person.context.request.post(f"{person.stack.url}{path}", data={"name": "Laptop"}, headers=headers)
        assert answer.ok, answer.text()
        return answer.json()

    key: str = post(f"/api/apps/{post('/api/apps')['id']}/keys")["key"]
    return key


def connect(person: Visitor, url: str) -> None:
    """Open the address that the tool shows, and go through it."""
    person.page.goto(url)
    person.consent(person.page)
    person.page.get_by_role("heading", name="Connected").wait_for()


@pytest.mark.parametrize(("stack", "run"), [("postgres", deployed), ("sqlite", local)], indirect=["stack"])
def test_the_tutorial(stack: Stack, person: Visitor, tmp_path: Path, run: Callable[..., Any]) -> None:
    with run(stack, person, write_tool(tmp_path / SLUG)) as tool:
        follow(stack, person, tool, is_deployed=run is deployed)


def follow(stack: Stack, person: Visitor, tool: Tool, *, is_deployed: bool) -> None:
    """Nothing connected, connected, ended by the provider, connected again: the tool says so at each step."""
    offered = tool.until("/notion", lambda found: found["status"] == "connect")
    assert offered["url"].startswith(f"{stack.url}/connections/connect/notion?app=")
    assert tool.ask("/account")["connect"] == offered["url"]
    assert tool.ask("/another").startswith(offered["url"])
    assert ("tenant_id" in tool.ask("/me")) == is_deployed

    connect(person, offered["url"])
    event = tool.hears("connection.connected", then="ready")
    ready = tool.ask("/notion")
    assert ready["status"] == "ready"
    assert tool.ask("/token")["Authorization"] == f"Bearer {ready['token']}"
    account = tool.ask("/account")
    assert (account["status"], account["name"], account["context"]) == ("connected", "Ada's workspace", None)
    assert account["workspace"]

    stack.sandbox.revoke("ada")
    page = person.go(f"/connections/{event['connection']}")
    page.get_by_role("button", name="Test connection").click()
    tool.hears("connection.status_changed", status="needs_reauth", then="reconnect")
    ended = tool.ask("/notion")
    assert ended == {"status": "reconnect", "url": offered["url"]}
    assert tool.ask("/account")["status"] == "needs_reauth"

    connect(person, ended["url"])
    tool.until("/notion", lambda found: found["status"] == "ready" and found["token"] != ready["token"])
