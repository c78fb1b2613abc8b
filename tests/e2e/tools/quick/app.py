"""Starts at once, needs nothing, and says which deployment it is."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """Whose tool this is."""

    def do_GET(self) -> None:
        """The only answer there is."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["VENDO_DEPLOYMENT_ID"].encode())


# In a container this is the first process, which Linux ends by no signal that it does not handle.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
