"""Keeps a program's variables in step with the tenant's connections.

For programs that know nothing of Vendo and read `TELEGRAM_BOT_TOKEN` from their environment or a file, like an agent
gateway that stands beside your tool. Each connection says which variables it fills, and whether the program has to
start again to see them (`env_bootstrap`):

    def apply(plan: Plan) -> None:
        for name, value in plan.set.items(): ...
        for name in plan.unset: ...
        if plan.restart: ...

    Reconciler(apply).run()

`wanted` and `plan` are plain functions of what they are given; `Reconciler` asks, listens and calls back.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from vendo._connections import Connection
from vendo._watch import Pauses, Subscription
from vendo.client import Vendo
from vendo.errors import NeedsReauth, NotConnected, RateLimited, UpstreamError

__all__ = ["Plan", "Reconciler", "State", "Variable", "plan", "wanted"]

log = logging.getLogger("vendo")

LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Variable:
    """A value, and whether the program must start again when it changes."""

    value: str = field(repr=False)
    restart: bool = False


State: TypeAlias = Mapping[str, Variable]
"""Variables by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done: set these, then unset those, then start the program again if `restart`."""

    set: Mapping[str, str] = field(default_factory=dict, repr=False)
    unset: tuple[str, ...] = ()
    restart: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.set or self.unset)


def plan(before: State, after: State) -> Plan:
    """From one state to the other with the fewest changes. A restart counts once, whatever changes need it."""
    changed = {name: one for name, one in after.items() if name not in before or before[name].value != one.value}
    gone = {name: one for name, one in before.items() if name not in after}
    restart = any(one.restart for one in (*changed.values(), *gone.values()))
    return Plan({name: one.value for name, one in changed.items()}, tuple(gone), restart)


def wanted(connections: Iterable[Connection], token: Callable[[str], str]) -> State:
    """The variables that connected providers fill. `token` is asked where a variable holds an access token.

    A provider that is not connected fills none, and a value that it does not have is left out.
    """
    state: dict[str, Variable] = {}
    for connection in connections:
        if connection.is_connected and connection.env_bootstrap:
            restart = connection.env_bootstrap.restart == "gateway"
            for variable in connection.env_bootstrap.vars:
                value = _value(connection, variable.name, variable.value_from, token)
                if value:
                    state[variable.name] = Variable(value, restart)
    return state


def _value(connection: Connection, name: str, value_from: str, token: Callable[[str], str]) -> str | None:
    """`value_from` is a path: `access_token`, `api_key`, `base_url`, `credential.<NAME>`, `context.<key>`.

    A credential of the variable's own name is the value, wherever `value_from` says it was taken from.
    """
    credential = connection.credential or {}
    first, _, rest = value_from.partition(".")
    known: Mapping[str, object] = {
        "api_key": connection.api_key,
        "base_url": connection.base_url,
        "credential": credential,
        "context": connection.context,
        "metadata": connection.metadata,
    }
    found: object = credential.get(name)
    if found is None and value_from in {"access_token", "token"}:
        found = _token(connection.slug, token)
    if found is None:
        found = known.get(first)
        for key in filter(None, rest.split(".")):
            found = found.get(key) if isinstance(found, Mapping) else None
    return _written(found)


def _token(slug: str, token: Callable[[str], str]) -> str | None:
    try:
        return token(slug)
    except (NotConnected, NeedsReauth):  # since the list was read; an event is on its way
        return None


def _written(value: object) -> str | None:
    """As it stands in an environment; booleans like the dashboard writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


class Reconciler:
    """Calls `apply` with what there is to do: at the start, after each event, and each time the stream stands again.

    `before` is what the program has got already; by default what this process's own environment holds, which the
    dashboard has filled at its start. An exception of `apply` ends `run`, and nothing counts as done.
    """

    def __init__(self, apply: Callable[[Plan], object], *, client: Vendo | None = None, before: State | None = None):
        self._apply = apply
        self._client = client or Vendo()
        self._state = before
        self._closed = threading.Event()
        self._subscription: Subscription | None = None

    def reconcile(self) -> Plan:
        """Read, compare, apply: once. Raises what `connections.list` and `token` raise."""
        after = wanted(self._client.connections.list(), self._client.token)
        before = _environment(after) if self._state is None else self._state
        todo = plan(before, after)
        if todo:
            self._apply(todo)
        self._state = after
        return todo

    def run(self) -> None:
        """Until `close`, which any thread may call. Raises `AuthError` once the key is refused."""
        with self._client.events.subscribe(on_open=self._insist) as subscription:
            self._subscription = subscription
            if self._closed.is_set():
                return
            for _ in subscription:
                self._insist()

    def start(self) -> threading.Thread:
        """`run` in a thread of its own, which does not keep the process alive."""
        thread = threading.Thread(target=self.run, name="vendo-reconciler", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """End `run`."""
        self._closed.set()
        if self._subscription:
            self._subscription.close()

    def _insist(self) -> None:
        """A dashboard that fails for the moment is asked again; events wait in the stream meanwhile."""
        pauses = Pauses(LONGEST_PAUSE)
        while not self._closed.is_set():
            try:
                self.reconcile()
            except (UpstreamError, RateLimited) as error:
                seconds = pauses.next(at_least=error.retry_after or 0)
                log.warning("The connections can't be read (%s); again in %.1f s.", error.code, seconds)
                self._closed.wait(seconds)
            else:
                return


def _environment(after: State) -> State:
    return {name: Variable(os.environ[name], one.restart) for name, one in after.items() if name in os.environ}
