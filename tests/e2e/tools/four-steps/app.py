"""Says what it was told in the wizard."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

ASKED = ("TITLE", "LANGUAGE", "LIMIT", "CODE", "NOTE", "SECRET", "VERBOSE", "MODEL")


class Handler(BaseHTTPRequestHandler):
    """The variables that the wizard's questions became."""

    def do_GET(self) -> None:
        """The only answer there is."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({name: os.environ[name] for name in ASKED if name in os.environ}).encode())


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
