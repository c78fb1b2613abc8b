"""A broker as Composio's published API describes it, on a port: links, accounts, their tokens, proxied calls, actions.

Requests and answers have the fields of composio-client's models (API v3.1), and its refusals the shape of
docs.composio.dev/reference/errors. What people do at its pages, tests do by `consent` and `decline`.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from connections.models import Integration

KEY = "ak_operators-own-key"
SECRET_FIELDS = ("access_token", "refresh_token", "id_token", "api_key")


class Refusal(Exception):
    """The API refuses a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Held:
    """A connected account there."""

    id: str
    user_id: str
    auth_config: str
    callback_url: str
    status: str = "INITIATED"
    reason: str | None = None
    disabled: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: dict[str, Any]


@dataclass
class Broker:
    """`toolkits`: auth config → toolkit; `api`: the providers' API by address; `actions`: name → what it does."""

    url: str = ""
    toolkits: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Held] = field(default_factory=dict)
    api: dict[str, Any] = field(default_factory=dict)
    api_status: int = 200
    actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    # Tokens are not shown: Composio's own clients, and the default of a project.
    masked: bool = False
    # What an account holds after its token was due and it was used.
    renewal: dict[str, Any] = field(default_factory=dict)
    # Seconds before each answer, a status that every request gets, and headers beside it.
    delay: float = 0.0
    outage: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def play(self, slug: str) -> Integration:
        """People sign in at `slug` by way of this broker."""
        integration = Integration.objects.get(slug=slug)
        assert integration.provider.broker
        integration.sign_in = Integration.SignIn.COMPOSIO
        integration.composio_auth_config = f"ac_{slug}"
        integration.save()
        self.toolkits[f"ac_{slug}"] = integration.provider.broker.toolkit
        return integration

    def hold(self, user: object, slug: str, **values: Any) -> Held:
        """An active account of `user`, as if it had been connected before."""
        account = self._new_account(str(user), f"ac_{slug}", "")
        account.status, account.values = "ACTIVE", values
        return account

    def consent(self, account_id: str, **values: Any) -> str:
        """The person signs in at the provider, which sends `values`; returns where the browser is sent."""
        account = self.accounts[account_id]
        account.status, account.updated_at = "ACTIVE", datetime.now(UTC)
        account.values = {"access_token": "held-token", "token_type": "bearer"} | values
        return self._back(account, status="success", connected_account_id=account.id)

    def decline(self, account_id: str, error: str) -> str:
        """The person does not sign in; returns where the browser is sent."""
        return self._back(self.accounts[account_id], status="failed", connected_account_id=account_id, error=error)

    def asked_of(self, method: str, path: str) -> list[Asked]:
        """The requests of one kind; `path` is its end."""
        return [asked for asked in self.asked if asked.method == method and asked.path.endswith(path)]

    def answer(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one request. Raises `Refusal`."""
        place = asked.path.removeprefix("/api/v3.1/")
        match asked.method, *place.split("/"):
            case "POST", "connected_accounts", "link":
                return 201, self._link(asked.body)
            case "GET", "connected_accounts", account_id:
                return 200, self._told(self._account(account_id))
            case "DELETE", "connected_accounts", account_id:
                self._account(account_id)
                del self.accounts[account_id]
                return 200, {"success": True, "revoke_job_id": "job-1"}
            case "POST", "tools", "execute", "proxy":
                return 200, self._proxied(asked.body)
            case "POST", "tools", "execute", action:
                return 200, self._executed(action, asked.body)
        raise Refusal(404, "No such endpoint")

    def _link(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body["auth_config_id"] not in self.toolkits:
            raise Refusal(404, "Auth config not found")
        account = self._new_account(body["user_id"], body["auth_config_id"], body["callback_url"])
        return {
            "link_token": f"lk_{account.id}",
            "redirect_url": f"https://connect.composio.dev/link/lk_{account.id}",
            "connected_account_id": account.id,
            "expires_at": _iso(datetime.now(UTC) + timedelta(minutes=10)),
        }

    def _new_account(self, user: str, auth_config: str, callback_url: str) -> Held:
        account = Held(f"ca_{len(self.asked)}_{len(self.accounts)}", user, auth_config, callback_url)
        self.accounts[account.id] = account
        return account

    def _account(self, account_id: str) -> Held:
        if account_id not in self.accounts:
            raise Refusal(404, "Connected account not found")
        return self.accounts[account_id]

    def _told(self, account: Held) -> dict[str, Any]:
        values = dict(account.values)
        if self.masked:
            values |= {name: "REDACTED" for name in SECRET_FIELDS if name in values}
        return {
            "id": account.id,
            "auth_config": {
                "id": account.auth_config,
                "auth_scheme": "OAUTH2",
                "is_composio_managed": self.masked,
                "is_disabled": False,
            },
            "created_at": _iso(account.updated_at),
            "updated_at": _iso(account.updated_at),
            "data": values,
            "params": {},
            "is_disabled": account.disabled,
            "state": {"authScheme": "OAUTH2", "val": {"status": account.status} | values},
            "status": account.status,
            "status_reason": account.reason,
            "toolkit": {"slug": self.toolkits[account.auth_config]},
            "user_id": account.user_id,
            "test_request_endpoint": "",
        }

    def _usable(self, account_id: str) -> Held:
        account = self._account(account_id)
        if account.status != "ACTIVE" or account.disabled:
            raise Refusal(400, f"Connected account is {account.status}")
        if self.renewal:
            account.values, account.updated_at, self.renewal = self.renewal, datetime.now(UTC), {}
        return account

    def _proxied(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._usable(body["connected_account_id"])
        return {"data": self.api.get(body["endpoint"]), "status": self.api_status, "headers": {}}

    def _executed(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        account = self._usable(body["connected_account_id"])
        if body.get("user_id") != account.user_id:
            raise Refusal(403, "The account is another user's")
        if action not in self.actions:
            raise Refusal(404, f"Tool {action} not found")
        if body.get("version") != "latest":
            raise Refusal(400, "The first version has no such tool")
        try:
            data = self.actions[action](body.get("arguments", {}))
        except ValueError as error:
            return {"data": {}, "successful": False, "error": str(error), "log_id": "log-1"}
        return {"data": data, "successful": True, "error": None, "log_id": "log-1"}

    @staticmethod
    def _back(account: Held, **more: str) -> str:
        return f"{account.callback_url}&{urlencode(more)}"


@contextlib.contextmanager
def brokered(settings: Any) -> Iterator[Broker]:
    """A running broker that the dashboard has a key for."""
    broker = Broker()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"broker": broker}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    settings.COMPOSIO_API_KEY = KEY
    settings.COMPOSIO_BASE_URL = broker.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield broker
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Handler(BaseHTTPRequestHandler):
    broker: Broker
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        address = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, address.path, parse_qs(address.query), json.loads(text or "{}"))
        self.broker.asked.append(asked)
        time.sleep(self.broker.delay)
        try:
            if self.headers.get("x-api-key") != KEY:
                raise Refusal(401, "Invalid API key")
            if self.broker.outage:
                raise Refusal(self.broker.outage, "Not now")
            status, answer = self.broker.answer(asked)
        except Refusal as refusal:
            error = {"message": refusal.message, "status": refusal.status, "request_id": "req_1", "suggested_fix": ""}
            status, answer = refusal.status, {"error": error}
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **self.broker.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        with contextlib.suppress(OSError):  # whoever asked may have given up
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Quiet."""
