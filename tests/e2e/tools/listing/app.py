"""Lists the Notion databases of its account, and hears by itself when it gets another one."""

import json
import os
import secrets
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import vendo

LIFE = secrets.token_hex(8)  # another one after each start
heard: list[dict[str, str | None]] = []
listening = threading.Event()


def watch() -> None:
    """Forget the token of whichever account is no longer the one."""
    with vendo.events.subscribe(on_open=listening.set) as events:
        for event in events:
            vendo.invalidate(event.slug)
            heard.append({"kind": event.kind, "slug": event.slug, "connection": event.connection_id})


def databases() -> list[str]:
    """Titles."""
    headers = {"Authorization": f"Bearer {vendo.token('notion')}", "Notion-Version": "2022-06-28"}
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(f"{os.environ['NOTION_API_URL']}/v1/search", b"{}", headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return [row["title"][0]["plain_text"] for row in json.load(answer)["results"]]


ANSWERS: dict[str, Callable[[], object]] = {
    "/healthz": lambda: listening.is_set() or None,  # well once nothing can escape it
    "/databases": databases,
    "/heard": lambda: heard,
    "/": lambda: {"life": LIFE},
}


class Handler(BaseHTTPRequestHandler):
    """JSON; 404 where there is nothing to say."""

    def do_GET(self) -> None:
        """One of the answers."""
        found = ANSWERS.get(self.path, lambda: None)()
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())


threading.Thread(target=watch, daemon=True).start()
ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Handler).serve_forever()
