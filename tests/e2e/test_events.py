"""Event streams over two web processes, PostgreSQL and Redis: nothing is lost or told twice, whoever is killed."""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import on_one_stack
from tests.e2e.sse import PATH, Watcher
from tests.e2e.stack import Stack
from tests.services import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), on_one_stack]

EVENTS = 1000
APART = 0.03  # seconds; who is away for less than 100 events finds them all

# Two apps that use one connection. Prints the connection's id, then each app's id and key.
APPS = """
from connections import vault
from connections.models import Connection
from deployments.bindings import bind
from deployments.keys import mint
from deployments.projects import create_project
from tenants.models import Tenant

tenant = Tenant.objects.get(slug="demo")
connection = Connection(tenant=tenant, integration_id="notion", profile="oauth_app_install", display_name="Ada")
vault.seal(connection, "credential", "token")
connection.save()
print(connection.pk)
for name in ("First", "Second"):
    app = create_project(tenant, name)
    bind(app, connection)
    print(app.pk, mint(app, "events")[1])
"""

BURST = """
import time
from connections.connect import rename
from connections.models import Connection

connection = Connection.everyone.get(pk="{connection}")
began = time.monotonic()
for number in range({events}):
    rename(connection, f"Name {{number}}")
    time.sleep(max(0, began + number * {apart} - time.monotonic()))
"""

TOLD = """
from deployments.models import Event
print(*Event.everyone.filter(app="{app}", kind="connection.changed").values_list("id", flat=True))
"""


def until(condition: Callable[[], object], patience: float = 60) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_thousand_events_reach_everybody_once_and_in_order_though_web_processes_are_killed(stack: Stack) -> None:
    connection, *apps = stack.shell(APPS).splitlines()[-3:]
    second_port = free_port()
    first, second = f"http://127.0.0.1:{stack.port}", stack.start_web("web2", second_port)
    stack.wait_for(f"{second}/readyz")
    told = {app: Watcher([first, second], key) for app, key in map(str.split, apps)}
    for watcher in told.values():
        watcher.start()
        assert watcher.listening.wait(30)
    heard = next(iter(told.values())).heard

    code = BURST.format(connection=connection, events=EVENTS, apart=APART)
    stack.start("writer", "manage.py", "shell", "--no-imports", "-c", code)
    assert until(lambda: len(heard) >= EVENTS // 4), stack.all_logs()
    stack.kill("web")
    assert until(lambda: len(heard) >= EVENTS // 3), stack.all_logs()
    stack.start_web("web", stack.port)
    stack.wait_for(f"{first}/readyz")
    assert stack.processes["writer"].poll() is None, "The burst was over too early to be in the middle of."
    stack.kill("web2")
    try:
        assert stack.processes["writer"].wait(120) == 0, stack.all_logs()
        for app, watcher in told.items():
            expected = stack.shell(TOLD.format(app=app)).split()
            assert len(expected) == EVENTS
            until(lambda watcher=watcher: len(watcher.heard) >= EVENTS, 15)  # type: ignore[misc]
            assert watcher.heard == expected, (watcher.dialed, watcher.refused)
            assert watcher.refused == []
            assert watcher.dialed >= 3
    finally:
        for watcher in told.values():
            watcher.stop()


@contextlib.contextmanager
def listening(stack: Stack, key: str) -> Iterator[socket.socket]:
    """A raw socket on which a stream is open."""
    netloc = urlsplit(stack.url)
    with socket.create_connection((netloc.hostname or "", netloc.port or 0), timeout=20) as client:
        client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        answer = b""
        while b": listening\n\n" not in answer:
            answer += client.recv(4096) or pytest.fail(answer.decode())
        assert answer.startswith(b"HTTP/1.1 200 ")
        yield client


TAKEN = """
from django.utils import timezone
from deployments.models import EventSeat
print(EventSeat.objects.filter(app="{app}", until__gt=timezone.now()).count())
"""


def test_who_vanished_without_a_farewell_frees_the_place_within_half_a_minute(stack: Stack) -> None:
    app, key = stack.shell(APPS).split()[-2:]
    with listening(stack, key) as client:
        try:
            client.setsockopt(socket.IPPROTO_TCP, 19, 1)  # TCP_REPAIR: a socket that is closed like this sends nothing
        except OSError:
            pytest.skip("only root on Linux can make a client vanish")
        assert stack.shell(TAKEN.format(app=app)).split()[-1] == "1"
    vanished = time.monotonic()
    assert until(lambda: stack.shell(TAKEN.format(app=app)).split()[-1] == "0", 30)
    assert time.monotonic() - vanished < 30


def test_a_web_process_that_is_told_to_stop_ends_its_streams_and_stops(stack: Stack) -> None:
    _, key = stack.shell(APPS).split()[-2:]
    with listening(stack, key) as client:
        web: subprocess.Popen[bytes] = stack.processes["web"]
        log = stack.logs / "web.log"
        before = log.stat().st_size
        web.send_signal(signal.SIGTERM)
        assert client.recv(4096) == b"0\r\n\r\n"  # the answer's regular end
        assert client.recv(4096) == b""
        web.wait(10)
    assert "Traceback" not in log.read_text()[before:]
    stack.start_web("web", stack.port)
    stack.wait_for(f"{stack.url}/readyz")
