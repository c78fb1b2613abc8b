"""A client of the event stream as any language has it: one connection, lines, and the id to go on from."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

PATH = "/api/deployments/me/events"
BROKEN = (OSError, http.client.HTTPException)


class Watcher(threading.Thread):
    """Listens at one of `addresses`, and dials the next with `Last-Event-ID` when it breaks, until told to stop."""

    def __init__(self, addresses: Sequence[str], key: str) -> None:
        super().__init__(daemon=True)
        self.addresses, self.key = list(addresses), key
        self.heard: list[str] = []  # ids, each block under its present name once
        self.refused: list[int] = []
        self.dialed = 0
        self.listening = threading.Event()
        self._last = ""
        self._over = threading.Event()

    def run(self) -> None:
        """As a thread does."""
        while not self._over.is_set():
            address = self.addresses[self.dialed % len(self.addresses)]
            self.dialed += 1
            try:
                self._listen(address)
            except BROKEN:
                time.sleep(0.05)

    def stop(self) -> None:
        """Listen no more; the end of the present connection is not waited for."""
        self._over.set()

    def _listen(self, address: str) -> None:
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Last-Event-ID": self._last} if self._last else {})
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=40)
        try:
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                self.refused.append(answer.status)
                return
            block: dict[str, str] = {}
            while (line := answer.readline().decode()) and not self._over.is_set():
                self.listening.set()
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    block[name] = value
                    continue
                self._take(block)
                block = {}
        finally:
            connection.close()

    def _take(self, block: dict[str, str]) -> None:
        """A whole block, ended by its empty line; comments are none."""
        if "id" not in block:
            return
        self._last = block["id"]
        data = json.loads(block["data"])
        assert data["id"] == block["id"]
        if data["kind"] == block["event"]:
            self.heard.append(block["id"])
