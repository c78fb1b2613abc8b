"""What this app is connected to (contract section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from vendo._account import Account, AccountSource
from vendo._answers import unreadable
from vendo._bootstrap import EnvBootstrap, bootstrap_of
from vendo._fields import mapping, maybe_mapping, maybe_text, moment, rows, text
from vendo._flow import Flow, run, run_async
from vendo._slugs import checked, override_variable, own_variable, variable
from vendo.errors import NotConnected


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A provider that this app may use, and the account that is bound for it, if there is one.

    `id`, `external_id`   of the connection; None where there is none
    `status`              `connected`, `available` (nothing is bound), `needs_reauth` or `error`
    `credential`          variables and values, for credentials that do not expire
    `api_key`, `base_url` where the provider is reached through the dashboard's proxy
    `metadata`, `context` facts about the account; `context` is flat, like `{"ref": "abcd1234"}`, or None
    `setup_url`           where the tenant connects it; None where it is connected
    `env_bootstrap`       variables a program wants to have set (see `vendo.reconciler`)
    `exclusive`           whether only one program at a time may use this credential

    `repr` shows nothing that may hold a secret.
    """

    slug: str
    status: str
    id: str | None = None
    external_id: str | None = None
    display_name: str = ""
    category: str = ""
    profile: str = ""
    credential: Mapping[str, str] | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)
    context: Mapping[str, object] | None = None
    setup_url: str | None = None
    error_message: str | None = None
    connected_at: datetime | None = None
    env_bootstrap: EnvBootstrap | None = None
    exclusive: bool = False
    logo_url: str | None = None
    brand_color: str | None = None
    docs_url: str | None = None

    @property
    def is_connected(self) -> bool:
        """Whether `token` has one to give."""
        return self.status == "connected"


ConnectionList: TypeAlias = list[Connection]


def connections(account: Account, *, sandbox: bool) -> Flow[ConnectionList]:
    """Without a dashboard there is nobody who could list any."""
    if account.settings.api_key is None:
        return []
    query = "?sandbox=1" if sandbox else ""
    body = yield from account.read(account.settings.base_url, f"api/deployments/me/connections{query}")
    if not isinstance(body, dict) or not isinstance(body.get("connections"), list):
        raise unreadable(None)
    return [_connection(row) for row in rows(body["connections"]) if text(row.get("slug"))]


def connection(account: Account, slug: str) -> Flow[Connection]:
    name = checked(slug)
    if account.settings.api_key is None:
        return _own(name)
    listed = yield from connections(account, sandbox=False)
    for one in listed:
        if one.slug == name:
            return one
    advice = f"declare {name} under integrations in vendo.yaml, or check the slug"
    raise NotConnected(f"This app does not use {name}: {advice}.", slug=name, suggested_fix=advice)


def _own(slug: str) -> Connection:
    """In OSS mode the connection is a variable, and all that is known of it is whether it is set."""
    is_set = variable(override_variable(slug)) or variable(own_variable(slug))
    advice = None if is_set else f"set {own_variable(slug)}"
    status = "connected" if is_set else "available"
    return Connection(slug=slug, status=status, display_name=slug, error_message=advice)


def _connection(row: Mapping[str, object]) -> Connection:
    credential = maybe_mapping(row.get("credential"))
    return Connection(
        slug=text(row.get("slug")),
        status=text(row.get("status")) or "error",
        id=maybe_text(row.get("id")),
        external_id=maybe_text(row.get("external_id")),
        display_name=text(row.get("display_name")) or text(row.get("slug")),
        category=text(row.get("category")),
        profile=text(row.get("profile")),
        credential=None if credential is None else {name: text(value) for name, value in credential.items()},
        api_key=maybe_text(row.get("api_key")),
        base_url=maybe_text(row.get("base_url")),
        metadata=mapping(row.get("metadata")),
        context=maybe_mapping(row.get("context")),
        setup_url=maybe_text(row.get("setup_url")),
        error_message=maybe_text(row.get("error_message")),
        connected_at=moment(row.get("connected_at")),
        env_bootstrap=bootstrap_of(row.get("env_bootstrap")),
        exclusive=row.get("exclusive") is True,
        logo_url=maybe_text(row.get("logo_url")),
        brand_color=maybe_text(row.get("brand_color")),
        docs_url=maybe_text(row.get("docs_url")),
    )


class Connections:
    """`vendo.connections`, and `connections` of a `Vendo`. Nothing is cached: each call asks the dashboard."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    def list(self, *, sandbox: bool = False) -> ConnectionList:
        """One entry for each provider that this app may use, connected or not; empty in OSS mode.

        `sandbox` leaves out the credentials that only one program at a time may use, for runs beside the real one.
        """
        return run(connections(self._source(), sandbox=sandbox))

    def get(self, slug: str) -> Connection:
        """The entry of one provider. Raises `NotConnected` where the app does not use it.

        In OSS mode it says whether the provider's variable is set, and has no context.
        """
        return run(connection(self._source(), slug))


class AsyncConnections:
    """`Connections`, to be awaited."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    async def list(self, *, sandbox: bool = False) -> ConnectionList:
        """See `Connections.list`."""
        return await run_async(connections(self._source(), sandbox=sandbox))

    async def get(self, slug: str) -> Connection:
        """See `Connections.get`."""
        return await run_async(connection(self._source(), slug))
