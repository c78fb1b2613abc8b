"""Large bodies and endless answers pass a web process without staying in its memory."""

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection as database

from connections.models import Connection
from tests.servers import PIECE, Seen, Upstream
from tests.services import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

ROOT = Path(__file__).resolve().parents[3]
SIZE = int(os.environ.get("VENDO_TEST_STREAM_MB", "256")) * 1024 * 1024
FLAT = 48 * 1024  # kB that the process may grow, whatever passes through
STREAMS = 20


@dataclass
class Web:
    """A web process; `peak` is the most memory that it was seen to hold."""

    url: str
    process: subprocess.Popen[bytes]

    def memory(self) -> int:
        """Resident memory now, in kB."""
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True)
        return int(told.stdout)

    def open(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)

    def growth_while(self, work: Callable[[], None]) -> int:
        """By how much its memory was above where it started, at most, during some work. In kB."""
        before, peak, over = self.memory(), 0, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not over.wait(0.1):
                peak = max(peak, self.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            work()
        finally:
            over.set()
            watcher.join()
        return max(peak, self.memory()) - before


def _database_url() -> str:
    told = database.settings_dict
    if database.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgres://{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"


@pytest.fixture
def web(connection: Connection, app_key: str) -> Iterator[Web]:
    """A web process on the tests' own database, which has answered before."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "vendo_site.asgi:application", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": _database_url()})
    running = Web(f"http://127.0.0.1:{port}", process)
    try:
        _answers(running, app_key)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(web: Web, app_key: str) -> None:
    for _ in range(300):
        client = web.open()
        try:
            client.request("GET", "/proxy/notion/ready", headers={"Authorization": f"Bearer {app_key}"})
            assert client.getresponse().status == 200
        except ConnectionRefusedError:
            assert web.process.poll() is None
            time.sleep(0.1)
        else:
            return
        finally:
            client.close()
    raise AssertionError("The web process does not answer.")


def _pieces() -> Iterator[bytes]:
    piece = bytes(PIECE)
    for _ in range(SIZE // PIECE):
        yield piece


def test_a_large_upload_leaves_memory_flat(web: Web, api: Upstream, app_key: str) -> None:
    def upload() -> None:
        client = web.open()
        headers = {"Authorization": f"Bearer {app_key}", "Content-Length": str(SIZE)}
        client.request("PUT", "/proxy/notion/file", _pieces(), headers)
        assert client.getresponse().status == 200
        client.close()

    grown = web.growth_while(upload)
    assert (api.seen[-1].size, api.seen[-1].header("content-length")) == (SIZE, str(SIZE))
    assert grown < FLAT, f"The process grew by {grown} kB."


def test_a_large_answer_to_a_slow_reader_leaves_memory_flat(web: Web, api: Upstream, app_key: str) -> None:
    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Content-Length", str(SIZE))
        handler.end_headers()
        for piece in _pieces():
            handler.wfile.write(piece)

    def download() -> None:
        client = web.open()
        client.request("GET", "/proxy/notion/file", headers={"Authorization": f"Bearer {app_key}"})
        answer = client.getresponse()
        time.sleep(1)  # all that is not held back meanwhile would have to be somewhere
        assert sum(len(piece) for piece in iter(lambda: answer.read(1 << 20), b"")) == SIZE
        client.close()

    api.reply = reply
    grown = web.growth_while(download)
    assert grown < FLAT, f"The process grew by {grown} kB."


def test_streams_of_events_arrive_as_they_are_sent_and_end_with_their_readers(
    web: Web, api: Upstream, app_key: str
) -> None:
    heard = {str(number): threading.Semaphore(0) for number in range(STREAMS)}
    gone, ended = threading.Event(), threading.Semaphore(0)

    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        """An event for each one that was heard, so that nothing comes of what anybody gathers on the way."""
        handler.send_response_only(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"9\r\ndata: 1\n\n\r\n")
                while not heard[seen.target.rpartition("/")[2]].acquire(timeout=0.05) and not gone.is_set():
                    pass
        except OSError:
            ended.release()
            raise

    def listen() -> None:
        clients = [web.open() for _ in heard]
        for client, number in zip(clients, heard, strict=True):
            client.request("GET", f"/proxy/notion/{number}", headers={"Authorization": f"Bearer {app_key}"})
        answers = [client.getresponse() for client in clients]
        for _ in range(40):
            for answer, turn in zip(answers, heard.values(), strict=True):
                assert answer.readline() == b"data: 1\n"
                answer.readline()
                turn.release()
        for answer, client in zip(answers, clients, strict=True):
            answer.close()
            client.close()
        gone.set()
        assert all(ended.acquire(timeout=20) for _ in range(STREAMS))

    api.reply = reply
    grown = web.growth_while(listen)
    assert grown < FLAT, f"The process grew by {grown} kB."
