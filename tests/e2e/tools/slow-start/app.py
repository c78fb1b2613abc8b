"""Is healthy some seconds after its start."""

import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

STARTED = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    """503, then 200."""

    def do_GET(self) -> None:
        """The only answer there is."""
        self.send_response(200 if time.monotonic() - STARTED > 8 else 503)
        self.end_headers()


print("slow-start is starting", flush=True)  # noqa: T201  (what a tool says, goes to its log)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
