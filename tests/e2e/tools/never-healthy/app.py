"""Never is healthy."""

import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

STARTED = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    """500."""

    def do_GET(self) -> None:
        """The only answer there is."""
        self.send_response(200 if time.monotonic() - STARTED < 0 else 500)
        self.end_headers()


print("this tool has no database", flush=True)  # noqa: T201  (what a tool says, goes to its log)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
