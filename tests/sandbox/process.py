"""The sandbox provider as a process of its own, and a person at its consent page.

with SandboxProcess(folder / "sandbox.sqlite3") as sandbox:
    tokens = issue(sandbox, "google", account="grace")
"""

import base64
import hashlib
import html
import json
import os
import re
import secrets
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
CALLBACK = "http://localhost:9/callback"  # nobody listens there; tests only read the address
CLIENT = ("vendo-sandbox", "vendo-sandbox-secret")
DRIVE = "https://www.googleapis.com/auth/drive.readonly"
NOTION_VERSION = {"Notion-Version": "2022-06-28"}
PATIENCE = 60.0  # seconds; a loaded machine starts Django slowly

# Reading all the world's certificates takes longer than the request, and nothing here speaks TLS.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class SandboxProcess:
    """`start()` returns when it serves; `redirect_uris` are separated by spaces. `http` asks paths of it."""

    database: Path
    redirect_uris: str = CALLBACK
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.log_path = self.database.with_name("sandbox.log")
        self.http = client(self.url)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        env |= {"SANDBOX_DATABASE": str(self.database), "SANDBOX_REDIRECT_URIS": f"{self.redirect_uris} {CALLBACK}"}
        command = [sys.executable, "sandbox/manage.py", "serve", "--port", str(self.port)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.http.get("/healthz").status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.1)
        self.stop()
        raise AssertionError(f"The sandbox does not answer.\n{self.log_path.read_text()}")

    def stop(self) -> None:
        """Stop it, if it runs. It can be started again, with the same data."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        self.http.close()
        self.http = client(self.url)

    def control(self, **switches: object) -> None:
        """Make it misbehave; the switches are in sandbox/README.md."""
        self._ask("", switches)

    def reset(self) -> None:
        """Make it behave, and count from nothing."""
        self._ask("/reset", {})

    def revoke(self, account: str | None = None) -> None:
        """A person (None: everybody) takes back all access: refreshes get `invalid_grant`, the APIs 401."""
        self._ask("/revoke", {"account": account})

    def expire(self, account: str | None = None) -> None:
        """A person's access tokens end now; refresh tokens go on working."""
        self._ask("/expire", {"account": account})

    def write(self, bot: str, text: str, update_id: int | None = None) -> dict[str, Any]:
        """Somebody writes to a bot; what its webhook answered."""
        answer = self.http.post("/control/message", json={"bot": bot, "text": text, "update_id": update_id})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def log(self) -> dict[str, int]:
        """Token requests by grant type, since the last reset."""
        found: dict[str, int] = self.http.get("/control/log").json()
        return found

    def secrets(self) -> list[str]:
        """Every token and code it issued, every state and verifier it saw: what no log or table may hold."""
        found: list[str] = self.http.get("/control/secrets").json()["secrets"]
        return found

    def _ask(self, what: str, wanted: dict[str, object]) -> None:
        answer = self.http.post(f"/control{what}", json=wanted)
        assert answer.status_code == 200, answer.text


def client(url: str = "") -> httpx2.Client:
    """An HTTP client for servers of this machine. It follows no redirects."""
    return httpx2.Client(base_url=url, verify=NO_TLS, trust_env=False, timeout=PATIENCE)


def approve(address: str, account: str = "ada", *, allow: bool = True) -> str:
    """Go through the consent page at an authorization address, without a browser; returns the callback it leads to."""
    with client() as person:
        page = person.get(address)
        if page.status_code == 302:
            return str(page.headers["Location"])
        assert page.status_code == 200, page.text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.text
        answers = {
            "csrfmiddlewaretoken": html.unescape(token.group(1)),
            "account": account,
            "allow": "yes" if allow else "no",
        }
        done = person.post(address, data=answers)
        assert done.status_code == 302, done.text
        return str(done.headers["Location"])


def authorize_url(sandbox: SandboxProcess, provider: str, verifier: str | None = None, **query: str) -> str:
    """Where a client would send a person to `provider` (notion or google); `query` adds to what is usual."""
    path = {"notion": "/notion/v1/oauth/authorize", "google": "/google/o/oauth2/v2/auth"}[provider]
    asked = {"client_id": CLIENT[0], "redirect_uri": CALLBACK, "response_type": "code"}
    asked["state"] = secrets.token_urlsafe(16)  # the scans for secrets look for it
    if provider == "google":
        asked |= {"scope": DRIVE, "access_type": "offline"}
    if verifier:
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked |= {"code_challenge": digest, "code_challenge_method": "S256"}
    return f"{sandbox.url}{path}?{urlencode(asked | query)}"


def answer_of(callback: str) -> dict[str, str]:
    """What the provider told the client in the callback's query."""
    return {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}


def exchange(sandbox: SandboxProcess, provider: str, **fields: str) -> httpx2.Response:
    """A token request as the provider's real clients make it."""
    if provider == "notion":
        body = json.dumps({"redirect_uri": CALLBACK} | fields)
        headers = {"Content-Type": "application/json"}
        return sandbox.http.post("/notion/v1/oauth/token", content=body, headers=headers, auth=CLIENT)
    form = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "redirect_uri": CALLBACK} | fields
    return sandbox.http.post("/google/token", data=form)


def issue(sandbox: SandboxProcess, provider: str, account: str = "ada", **query: str) -> dict[str, Any]:
    """The whole dance; returns the token answer."""
    verifier = secrets.token_urlsafe(48) if provider == "google" else None
    answer = answer_of(approve(authorize_url(sandbox, provider, verifier, **query), account))
    assert "code" in answer, answer
    extra = {"code_verifier": verifier} if verifier else {}
    done = exchange(sandbox, provider, grant_type="authorization_code", code=answer["code"], **extra)
    assert done.status_code == 200, done.text
    found: dict[str, Any] = done.json()
    return found


def bearer(token: str) -> dict[str, str]:
    """Headers of an API call with that token, for either provider."""
    return {"Authorization": f"Bearer {token}"} | NOTION_VERSION
