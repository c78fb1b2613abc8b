"""The sandbox provider as a process of its own, and a person at its consent page."""

import base64
import hashlib
import html
import json
import os
import re
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
CALLBACK = "http://localhost:9/callback"
CLIENT = ("vendo-sandbox", "vendo-sandbox-secret")


@dataclass
class SandboxProcess:
    """`start()` returns when it serves; `redirect_uris` are separated by spaces."""

    database: Path
    redirect_uris: str = CALLBACK
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.log_path = self.database.with_name("sandbox.log")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        env |= {"SANDBOX_DATABASE": str(self.database), "SANDBOX_REDIRECT_URIS": f"{self.redirect_uris} {CALLBACK}"}
        command = [sys.executable, "sandbox/manage.py", "serve", "--port", str(self.port)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log_path.read_text()
            try:
                if httpx2.get(f"{self.url}/healthz").status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.1)
        raise AssertionError(f"The sandbox does not answer.\n{self.log_path.read_text()}")

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=15)
            self.process = None

    def control(self, **switches: object) -> None:
        """Make it misbehave."""
        answer = httpx2.post(f"{self.url}/control", json=switches)
        assert answer.status_code == 200, answer.text

    def log(self) -> dict[str, int]:
        """Token requests by grant type."""
        found: dict[str, int] = httpx2.get(f"{self.url}/control/log").json()
        return found

    def reset(self) -> None:
        """Make it behave."""
        httpx2.post(f"{self.url}/control/reset")


def approve(address: str, account: str = "ada", *, allow: bool = True) -> str:
    """Go through the consent page without a browser; returns the callback address it leads to."""
    with httpx2.Client() as person:
        page = person.get(address)
        if page.status_code == 302:
            return str(page.headers["Location"])
        assert page.status_code == 200, page.text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        answers = {
            "csrfmiddlewaretoken": html.unescape(token.group(1)),
            "account": account,
            "allow": "yes" if allow else "no",
        }
        done = person.post(address, data=answers, headers={"Referer": address})
        assert done.status_code == 302, done.text
        return str(done.headers["Location"])


def authorize_url(sandbox: SandboxProcess, provider: str, verifier: str | None = None, **query: str) -> str:
    """Where a client would send a person."""
    path = {"notion": "/notion/v1/oauth/authorize", "google": "/google/o/oauth2/v2/auth"}[provider]
    asked = {"client_id": CLIENT[0], "redirect_uri": CALLBACK, "response_type": "code", "state": "s"}
    if provider == "google":
        asked |= {"scope": "https://www.googleapis.com/auth/drive.readonly", "access_type": "offline"}
    if verifier:
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked |= {"code_challenge": digest, "code_challenge_method": "S256"}
    return f"{sandbox.url}{path}?{urlencode(asked | query)}"


def exchange(sandbox: SandboxProcess, provider: str, **fields: str) -> httpx2.Response:
    """A token request as the provider's real clients make it."""
    if provider == "notion":
        body = json.dumps({"redirect_uri": CALLBACK} | fields)
        headers = {"Content-Type": "application/json"}
        return httpx2.post(f"{sandbox.url}/notion/v1/oauth/token", content=body, headers=headers, auth=CLIENT)
    form = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "redirect_uri": CALLBACK} | fields
    return httpx2.post(f"{sandbox.url}/google/token", data=form, timeout=30)


def issue(sandbox: SandboxProcess, provider: str, account: str = "ada") -> dict[str, Any]:
    """The whole dance; returns the token answer."""
    verifier = secrets.token_urlsafe(48) if provider == "google" else None
    callback = approve(authorize_url(sandbox, provider, verifier), account)
    query = parse_qs(urlsplit(callback).query)
    assert "code" in query, callback
    code = query["code"][0]
    extra = {"code_verifier": verifier} if verifier else {}
    answer = exchange(sandbox, provider, grant_type="authorization_code", code=code, **extra)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
