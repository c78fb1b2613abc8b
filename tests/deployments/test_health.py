"""Is the tool well?"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from deployments import health
from deployments.health import Unwell, wait
from deployments.manifest import ReadinessPlan
from deployments.models import Deployment
from deployments.runtimes import RuntimeState, Status
from tests.deployments.fakes import FakeRuntime

PLAN = ReadinessPlan(path="/up", port=None, retries=5, interval=0.01, expected_boot=1)


class Scripted(FakeRuntime):
    """Goes through these states, one at each look, and stays in the last."""

    def __init__(self, *states: RuntimeState) -> None:
        super().__init__()
        self.script = list(states)

    def state(self, deployment: Deployment) -> RuntimeState:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


RUNNING = RuntimeState(Status.RUNNING, pid=1)


def proceed() -> None:
    """Nothing speaks against going on."""


def finding(runtime: FakeRuntime, port: int = 1) -> str:
    with pytest.raises(Unwell) as caught:
        wait(runtime, Deployment(port=port), PLAN, proceed)
    return f"{caught.value.message} {caught.value.remedy}"


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A server that gives one answer; yields its port and what it was asked for."""
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_tool_that_answers_is_well() -> None:
    with answering(204) as (port, asked):
        assert wait(Scripted(RUNNING), Deployment(port=port), PLAN, proceed) < 20
    assert asked == ["/up"]


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_another_answer_is_not_enough(status: int) -> None:
    with answering(status) as (port, asked):
        assert f"the last answer was status {status}" in finding(Scripted(RUNNING), port)
    assert len(asked) == PLAN.retries


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something on a port that does `answer` with whoever comes first; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = server.accept()
                with client:
                    answer(client)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["status", "headers"])
def test_a_tool_that_answers_bit_by_bit_is_not_listened_to_for_long(
    monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(health, "ASK_WITHIN", 0.3)

    def drip(client: socket.socket) -> None:
        client.sendall(begin)
        while True:
            client.sendall(b"x")
            time.sleep(0.05)

    with listening(drip) as port:
        began = time.monotonic()
        assert health.ask(port, "/up") == (False, health.TOO_LATE)
    assert time.monotonic() - began < 20


def test_something_that_is_no_web_page_is_told() -> None:
    with listening(lambda client: client.sendall(b"220 mail.example ESMTP\r\n")) as port:
        assert health.ask(port, "/up") == (False, "not HTTP")


def test_a_port_that_nobody_listens_on_is_told() -> None:
    with answering(200) as (port, _):
        pass
    assert "it does not listen yet" in finding(Scripted(RUNNING), port)


def test_a_tool_that_ended_for_good_is_not_waited_for() -> None:
    text = finding(Scripted(RUNNING, RuntimeState(Status.ENDED, exit_code=3)))
    assert text.startswith("The tool ends soon after it starts with exit code 3.")


def test_a_tool_that_keeps_ending_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ask", lambda port, path: (False, "nothing"))
    lives = [RuntimeState(Status.STARTING, pid=pid) for pid in range(1, 9)]
    assert "ends soon after it starts" in finding(Scripted(*lives))


def test_an_answer_of_another_process_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ask", lambda port, path: (True, "status 200"))
    gone = RuntimeState(Status.FALTERING)
    assert "never said that it is well" in finding(Scripted(*[RUNNING, gone] * 20))


def test_a_supervisor_that_went_away_is_told() -> None:
    assert "is not running" in finding(Scripted(RuntimeState(Status.UNKNOWN)))


def test_waiting_stops_when_it_must_not_proceed() -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        wait(Scripted(RUNNING), Deployment(port=1), PLAN, stop)
