"""The portal in a browser: a server for its files, and its page as a test sees it (portal.mjs)."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override

from playwright.sync_api import Page


class Files(SimpleHTTPRequestHandler):
    """The files beside this one. The page lets nothing in from elsewhere that does not say it may be shown there."""

    @override
    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    @override
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def hosting() -> Iterator[int]:
    """Serves the portal; yields the port. Browsers find any `….localhost` there too."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(Path(__file__).parent))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@dataclass
class Portal:
    """The portal's page, at one origin."""

    page: Page
    origin: str

    def start(self, **options: str) -> None:
        """With `baseUrl` and `key`, as configured; returns when it shows the list and the stream is open."""
        self.page.goto(f"{self.origin}/portal.html")
        self.page.wait_for_function("window.portal")
        self.page.evaluate("options => portal.start(options)", options)
        self.page.wait_for_function("portal.comments.length")

    def ask(self, path: str, **options: Any) -> dict[str, Any]:
        """A call in the page."""
        found: dict[str, Any] = self.page.evaluate("([path, options]) => portal.ask(path, options)", [path, options])
        return found

    def open(self, label: str) -> Page:
        """Press a connect button; returns the window."""
        with self.page.expect_popup() as opened:
            self.page.get_by_role("button", name=label).click()
        return opened.value

    def hears(self, name: str) -> dict[str, Any]:
        """Wait for a block of that name, and for what the page found out right after it."""
        found = self.page.wait_for_function(
            "name => portal.blocks.find((block) => block.event === name && block.then)", arg=name
        )
        block: dict[str, Any] = found.json_value()
        return block

    def told(self, number: int) -> Sequence[dict[str, Any]]:
        """The messages that came from windows, once there are so many."""
        self.page.wait_for_function("number => portal.messages.length >= number", arg=number)
        return self.messages

    @property
    def messages(self) -> Sequence[dict[str, Any]]:
        """All that came so far, from whomever."""
        found: Sequence[dict[str, Any]] = self.page.evaluate("portal.messages")
        return found

    @property
    def state(self) -> str:
        """What the page sends along, to know the answer by."""
        found: str = self.page.evaluate("portal.state")
        return found
