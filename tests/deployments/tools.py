"""Small tools in folders, for tests that publish or read one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = {"name": "clock", "version": 1, "runtime": "python", "integrations": []}
TEMPLATE = {
    "slug": "clock",
    "name": "Clock",
    "version": "1.0.0",
    "services": [{"role": "web", "startCommand": "python app.py"}],
    "integrations": [],
}
APP = """
import http.server, os

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
http.server.HTTPServer(address, Page).serve_forever()
"""


def write_tool(
    folder: Path,
    *,
    manifest: Mapping[str, Any] | None = None,
    template: Mapping[str, Any] | None = None,
    app: str = APP,
) -> Path:
    """A tool in `folder`; `manifest` and `template` change or add keys of a sound one. JSON is YAML too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vendo.yaml").write_text(json.dumps(MANIFEST | dict(manifest or {})))
    (folder / "template.json").write_text(json.dumps(TEMPLATE | dict(template or {})))
    (folder / "app.py").write_text(app)
    return folder
