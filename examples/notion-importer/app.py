"""Notion importer: one page with the Notion databases of whoever connected an account.

On a Vendo dashboard the tokens come from the tenant's connections; anywhere else from NOTION_TOKEN in `.env`. Nothing
here knows which: see apis.py for the two calls, page.py for the page.
"""

import json
import logging
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from traceback import extract_tb
from urllib.parse import parse_qs

import apis
import connect
import page
import settings
import vendo
from apis import Database, File, Listing, NeedsConnection, Outcome, Trouble

log = logging.getLogger("notion-importer")

HTML, JSON = "text/html; charset=utf-8", "application/json"
STATIC = {"style.css": "text/css; charset=utf-8", "connect.js": "text/javascript", "icon.svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a browser or a program."""

    body: str
    kind: str = HTML
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class App:
    """The tool's three addresses, and its stylesheet, script and icon."""

    def __init__(self, config: settings.Settings) -> None:
        self.config = config

    def answer(self, target: str) -> Response:
        """What a GET of `target` (path and query) gets."""
        address, _, query = target.partition("?")
        match address:
            case "/":
                return self.home({name: values[-1] for name, values in parse_qs(query).items()})
            case "/api/databases":
                return databases_json(apis.databases(self.config.max_databases))
            case "/healthz":
                return _json({"status": "ok"})
            case path if path.removeprefix("/static/") in STATIC:
                return static(path.removeprefix("/static/"))
            case _:
                words = "There is no page at this address", "The databases are on the first page."
                return Response(page.failure(self.config, *words), status=404)

    def home(self, query: Mapping[str, str]) -> Response:
        """The page. Both providers are asked at once, so that it takes as long as the slower one."""
        returned = connect.slug_of(query.get("state", ""), self.config.session_secret)
        if returned:
            vendo.invalidate(returned)  # another account may be bound now, and the old token would still work
        with ThreadPoolExecutor() as pool:
            databases = pool.submit(apis.databases, self.config.max_databases)
            files = pool.submit(apis.files)
        body = page.home(
            self.config,
            page.Section(databases.result(), self._link(databases.result())),
            page.Section(files.result(), self._link(files.result())),
            notice(returned, databases.result(), files.result(), finished="connection_id" in query),
        )
        return Response(body, status=_status(databases.result()))

    def _link(self, outcome: Outcome[Database] | Outcome[File]) -> str | None:
        # A dashboard that could not give a token would keep us waiting for a link as well.
        if isinstance(outcome, Trouble) and not outcome.reconnect:
            return None
        return connect.link(outcome.service.slug, self.config.session_secret)


def notice(
    returned: str | None, databases: Outcome[Database], files: Outcome[File], *, finished: bool
) -> page.Notice | None:
    """What to say to somebody who comes back from connecting `returned`."""
    outcome = next((outcome for outcome in (databases, files) if outcome.service.slug == returned), None)
    match outcome:
        case Listing(service=service) if finished:
            return page.Notice("ok", f"{service.name} is connected.")
        case NeedsConnection(service=service):
            return page.Notice("warn", f"The window was closed before {service.name} was connected. Try again.")
        case _:
            return None


def databases_json(outcome: Outcome[Database]) -> Response:
    """The databases for programs; 409 with the address to connect at where nobody has yet."""
    match outcome:
        case Listing(items=items, more=more):
            return _json({"databases": [_database(item) for item in items], "has_more": more})
        case NeedsConnection(service=service, connect_url=url):
            advice = f"Connect {service.name} at connect_url." if url else f"Set {service.slug.upper()}_TOKEN."
            return _json({"needs_connection": service.slug, "connect_url": url, "message": advice}, status=409)
        case Trouble() as trouble:
            error = {"code": trouble.code, "message": trouble.sentence, "suggested_fix": trouble.advice}
            wait = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
            return _json(
                {"error": error | ({"retry_after": trouble.retry_after} if wait else {})}, trouble.status, wait
            )


def static(name: str) -> Response:
    """One of the files beside the page."""
    body = (settings.FOLDER / "static" / name).read_text(encoding="utf-8")
    return Response(body, STATIC[name], headers={"Cache-Control": "no-cache"})


def _status(outcome: Outcome[Database]) -> int:
    return outcome.status if isinstance(outcome, Trouble) else 200


def _database(database: Database) -> dict[str, str | None]:
    edited = database.edited.isoformat().replace("+00:00", "Z") if database.edited else None
    return {"id": database.id, "title": database.title, "url": database.url or None, "last_edited_time": edited}


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(value), JSON, status, headers or {})


class Handler(BaseHTTPRequestHandler):
    """HTTP in, `App.answer`, HTTP out."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "notion-importer", ""
    timeout = 60  # of a connection on which nothing comes

    def __init__(self, app: App, *args: object) -> None:
        self.app = app
        super().__init__(*args)  # type: ignore[arg-type]  # (socket, address, server), as socketserver passes them

    def do_GET(self) -> None:
        """Answers everything; a fault of ours becomes a page too."""
        try:
            response = self.app.answer(self.path)
        except Exception as fault:  # noqa: BLE001 (nobody is above us)
            log.error("%s at %s", type(fault).__name__, _place(fault))  # noqa: TRY400 (its words may quote an API's)
            words = "Something went wrong in this tool", "Try again. If it stays like this, look into the tool's log."
            response = Response(page.failure(self.app.config, *words), status=500)
        # APIs may send half a surrogate pair, which is no text.
        body = response.body.encode(errors="replace")
        self.send_response(response.status)
        headers = {"Content-Type": response.kind, "Content-Length": str(len(body)), **HEADERS, **response.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 (the name that http.server looks for)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Without the query: what comes back from a connect is nobody else's business."""
        log.info("%s %s %s", self.command, getattr(self, "path", "").partition("?")[0], code)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server names it so)
        """The server's own complaints, about requests that are none."""
        log.info(format, *args)


def _place(fault: Exception) -> str:
    frame = extract_tb(fault.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"


def main() -> None:
    """Serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings.load_dotenv()
    config = settings.read()
    try:
        server = ThreadingHTTPServer((config.host, config.port), partial(Handler, App(config)))
    except OSError as error:
        sys.exit(f"Port {config.port} can't be used: {error.strerror}. Choose another: PORT=8081 python app.py")
    log.info("Ready at http://%s:%s", *server.server_address)
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
