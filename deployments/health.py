"""Is the tool well? Asks its health path until it answers, or until it is clear that it won't."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable

from django.conf import settings

from deployments.manifest import ReadinessPlan
from deployments.models import Deployment
from deployments.runtimes import Runtime, RuntimeState, Status, unreachable

ASK_WITHIN = 5.0  # seconds for one answer
TOO_LATE = f"nothing within {ASK_WITHIN:.0f} seconds"
LIVES = 4  # processes, one after the other, that a tool may use up before we stop hoping


class Unwell(Exception):
    """The tool does not come up; says what was seen and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def wait(runtime: Runtime, deployment: Deployment, plan: ReadinessPlan, proceed: Callable[[], None]) -> float:
    """Seconds until the tool answered 2xx. Raises `Unwell`, and what `proceed` raises, which is called every time."""
    began, last, lives = time.monotonic(), "nothing", set[int]()
    port = plan.port or deployment.port
    assert port is not None
    for _ in range(plan.retries):
        proceed()
        asked = time.monotonic()
        state = runtime.state(deployment)
        _refuse_the_dead(state, lives)
        if state.alive:
            well, last = ask(port, plan.path)
            # The same process before and after: an answer by somebody else on that port does not count.
            if well and runtime.state(deployment).pid == state.pid:
                return time.monotonic() - began
        time.sleep(max(0.0, plan.interval - (time.monotonic() - asked)))
    raise Unwell(
        f"The tool started but never said that it is well. We asked http://{settings.TOOL_HOST}:{port}{plan.path} "
        f"{plan.retries} times over {time.monotonic() - began:.0f} seconds; the last answer was {last}.",
        f"Does the tool listen on the port in PORT and answer {plan.path} with status 200? Its last lines are below.",
    )


def ask(port: int, path: str) -> tuple[bool, str]:
    """Whether the answer is 2xx, and what it was in words. Takes `ASK_WITHIN` at most."""
    connection, began = http.client.HTTPConnection(settings.TOOL_HOST, port, timeout=ASK_WITHIN), time.monotonic()
    # That time-out is for each read. A tool that sends its answer byte by byte must not hold us either.
    end = threading.Timer(ASK_WITHIN, _hang_up, (connection,))
    end.daemon = True
    end.start()
    try:
        connection.request("GET", path, headers={"User-Agent": "vendo-health-check", "Connection": "close"})
        status = connection.getresponse().status
    except ConnectionRefusedError:
        return False, "nothing (it does not listen yet)"
    except (OSError, http.client.HTTPException):
        return False, "not HTTP" if time.monotonic() - began < ASK_WITHIN else TOO_LATE
    finally:
        end.cancel()
        connection.close()
    # What was cut off looks like the end of its headers.
    return (200 <= status < 300, f"status {status}") if time.monotonic() - began < ASK_WITHIN else (False, TOO_LATE)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError):
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _refuse_the_dead(state: RuntimeState, lives: set[int]) -> None:
    """Don't wait for a process that is not coming back, or that keeps ending."""
    if state.pid:
        lives.add(state.pid)
    if state.status is Status.UNKNOWN:
        silent = unreachable()
        raise Unwell(silent.message, silent.remedy)
    if state.status in {Status.ENDED, Status.STOPPED} or len(lives) > LIVES:
        code = "" if state.exit_code is None else f" with exit code {state.exit_code}"
        raise Unwell(
            f"The tool ends soon after it starts{code}.",
            "Its last lines, below, usually say why. Mend the tool or its settings, then retry.",
        )
