"""From a person who writes to a bot to the tool and back: sandbox, dashboard and tool talk over HTTP, nothing is faked.

Only the supervisor is: the tool's process is started by the test, with the deployment's own environment.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connections import byok
from connections.models import Connection, Integration
from deployments import deliveries, deploy_hooks, environment, health, pipeline, runtimes, tasks
from deployments.models import Deployment
from deployments.operations import destroy
from deployments.publish import publish
from deployments.webhook_delivery import WebhookDelivery
from tenants.models import Tenant, User
from tests.deployments.dying import run
from tests.deployments.fakes import FakeRuntime, deployed
from tests.deployments.running import now
from tests.deployments.tools import write_tool
from tests.sandbox.process import SandboxProcess
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "700000001:AAsandbox-ada-0123456789abcdefghijk"
BOT = "sandbox_ada_bot"
# Answers a message as Telegram lets webhooks do it: with a call of the API in the answer.
TOOL = """
import http.server, json, os
import vendo

class Bot(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            vendo.webhooks.check(body, self.headers)
        except vendo.errors.ValidationError:
            return self.answer(401, {})
        message = json.loads(body)["message"]
        self.answer(200, {"method": "sendMessage", "chat_id": message["chat"]["id"], "text": message["text"].upper()})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Bot).serve_forever()
"""


class OneProcess(FakeRuntime):
    """Starts the tool, and can end it."""

    process: subprocess.Popen[bytes] | None = None

    def start(self, deployment: Deployment, *, restart: bool = False) -> None:
        """With its own environment, and the package that it imports."""
        super().start(deployment, restart=restart)
        self.end()
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "sdk/python/src")} | environment.values(deployment)
        app = Path(deployment.release.source_dir) / "app.py"
        self.process = subprocess.Popen([sys.executable, str(app)], env=env, stderr=subprocess.DEVNULL)

    def end(self) -> None:
        """End it, if it runs."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def runtime(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneProcess]:
    settings.DATA_DIR, settings.TOOL_PORTS = tmp_path / "data", "{0}-{0}".format(free_port())
    one = OneProcess()
    monkeypatch.setattr(runtimes, "current", lambda: one)
    yield one
    one.end()


@pytest.fixture
def sandbox(tmp_path: Path, db: None) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "sandbox.sqlite3") as process:
        Integration.objects.filter(pk="telegram").update(endpoint_overrides={"api_url": f"{process.url}/telegram"})
        yield process


@pytest.fixture
def bot(sandbox: SandboxProcess, served: str, settings: Any, tenant: Tenant, owner: User) -> Connection:
    settings.BASE_URL = served
    integration = Integration.objects.get(pk="telegram")
    return byok.paste(tenant, integration, {"bot_token": TOKEN}, user=owner)


@pytest.fixture
def deployment(tmp_path: Path, runtime: OneProcess, bot: Connection, tenant: Tenant, owner: User) -> Deployment:
    declared = {"integrations": ["telegram"]}
    template = declared | {"deployHooks": {"afterDeploy": ["telegram_set_webhook"]}}
    release = publish(write_tool(tmp_path / "bot", manifest=declared, template=template, app=TOOL))
    row = deployed(tenant, release, user=owner, chosen={"telegram": bot})
    run(row)
    assert row.status == Deployment.Status.RUNNING, row.failure
    return row


def points_at(sandbox: SandboxProcess) -> str:
    """Where the bot's messages go."""
    url: str = sandbox.http.get(f"/telegram/bot{TOKEN}/getWebhookInfo").json()["result"]["url"]
    return url


def test_what_people_write_is_answered_by_the_tool(
    sandbox: SandboxProcess, deployment: Deployment, bot: Connection, runtime: OneProcess, owner: User
) -> None:
    assert points_at(sandbox).endswith(f"/hooks/{bot.external_id}")
    sent = sandbox.write(BOT, "Hello")
    assert (sent["status"], '"text": "HELLO"' in sent["answer"]) == (200, True)
    again = sandbox.write(BOT, "Hello", sent["update_id"])
    assert (again["status"], again["answer"]) == (200, '{"duplicate": true}')
    forged = requests.post(points_at(sandbox), json={"update_id": 1, "message": {}}, timeout=20)
    assert forged.status_code == 412

    runtime.end()
    missed = sandbox.write(BOT, "Still there?")
    assert missed["status"] == 502
    runtime.start(deployment)
    row = WebhookDelivery.everyone.get(event_id=str(missed["update_id"]))
    _until_it_listens(deployment)
    deliveries.redeliver(row, by=owner)
    tasks.redeliver.func(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.answered, row.attempts) == ("delivered", 200, 2)

    destroy(now(deployment))
    pipeline.run(deployment.pk)
    assert sandbox.write(BOT, "Gone?")["status"] == 503
    deploy_hooks.settle(bot.pk)
    assert points_at(sandbox) == ""


def _until_it_listens(deployment: Deployment) -> None:
    assert deployment.port
    for _ in range(200):
        if health.ask(deployment.port, "/healthz")[0]:
            return
        time.sleep(0.05)
