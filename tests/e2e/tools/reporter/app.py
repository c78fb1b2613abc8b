"""Says which version it is, what it was told, and which of its lives this is. Can be made unwell."""

import json
import os
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ASKED = ("TITLE", "COLOUR")
VERSION = json.loads(Path(__file__).with_name("template.json").read_text())["version"]
LIFE = secrets.token_hex(8)  # another one after each start
statuses = {"/": 200, "/healthz": 200, "/fall-ill": 200, "/recover": 200}


class Handler(BaseHTTPRequestHandler):
    """About itself, with its health as the status of `/healthz`; `/fall-ill` and `/recover` change that."""

    def do_GET(self) -> None:
        """Whatever is asked."""
        if self.path in {"/fall-ill", "/recover"}:
            statuses["/healthz"] = 503 if self.path == "/fall-ill" else 200
        self.send_response(statuses.get(self.path, 404))
        self.end_headers()
        told = {name: os.environ[name] for name in ASKED if name in os.environ}
        self.wfile.write(json.dumps({"version": VERSION, "life": LIFE, "told": told}).encode())


HTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Handler).serve_forever()
