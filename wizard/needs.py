"""The integrations that a draft's tool declares, and which account each of them gets."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from connections.models import Connection, Integration
from deployments import bindings
from deployments.manifest import published
from deployments.models import Binding
from tenants.models import Tenant
from wizard.models import Draft
from wizard.pages import left_out


@dataclass(frozen=True, slots=True)
class Choice:
    """A connection that could be used. `used_by` names whatever has it to itself, "" where it is free."""

    connection: Connection
    used_by: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """An integration that the tool declares, and what the tenant has to give for it.

    `gone` names the account that was chosen and is no longer there; `left_out` is whether its page was skipped.
    """

    integration: Integration
    optional: bool
    choices: tuple[Choice, ...]
    selected: Connection | None
    gone: str = ""
    left_out: bool = False
    problem: str = ""

    @property
    def missing(self) -> bool:
        """The tool can't be launched like this."""
        return not self.optional and self.selected is None

    @property
    def used(self) -> Connection | None:
        """The connection that a launch binds."""
        return None if self.left_out else self.selected

    @property
    def free(self) -> tuple[Connection, ...]:
        """What can be chosen."""
        return tuple(choice.connection for choice in self.choices if not choice.used_by)

    @property
    def field(self) -> str:
        """What the choice is called in forms."""
        return f"connection-{self.integration.slug}"

    @property
    def by_key(self) -> bool:
        """Whether somebody connects it by pasting a key, and not by signing in at the provider."""
        return self.integration.provider.key is not None

    @property
    def loss(self) -> str:
        """What the tool can't do without it. A provider's summary says what one can do with it."""
        ability = self.integration.provider.summary.rstrip(".")
        return f"Without it the tool can’t {ability[:1].lower()}{ability[1:]}."


def needs(draft: Draft) -> list[Need]:
    """What the tool declares, in its order."""
    uses = published(draft.release).integrations
    rows, without = Integration.objects.in_bulk([use.slug for use in uses]), left_out(draft).integrations
    return [
        _need(draft, rows[use.slug], optional=use.optional, left_out=use.slug in without)
        for use in uses
        if use.slug in rows
    ]


def need(draft: Draft, slug: str) -> Need | None:
    """One of them."""
    return next((found for found in needs(draft) if found.integration.slug == slug), None)


def chosen(draft: Draft) -> dict[str, Connection]:
    """slug → connection that the tool will get."""
    return {found.integration.slug: found.used for found in needs(draft) if found.used}


def missing(draft: Draft) -> list[Need]:
    """Required integrations without a connection."""
    return [found for found in needs(draft) if found.missing]


def connection_of(found: Need, identity: str) -> Connection | None:
    """The free choice with that id; None for anything else, somebody else's connection among it."""
    try:
        wanted = UUID(identity)
    except ValueError:
        return None
    return next((connection for connection in found.free if connection.pk == wanted), None)


def _need(draft: Draft, integration: Integration, *, optional: bool, left_out: bool) -> Need:
    # A provider that was switched off serves nobody, whatever is connected.
    connections = list(bindings.choices(draft.tenant, integration.slug)) if integration.enabled else []
    users = _users(draft.tenant, integration, connections)
    choices = tuple(Choice(connection, users.get(connection.pk, "")) for connection in connections)
    free = [choice.connection for choice in choices if not choice.used_by]
    gone = ""
    if integration.slug in draft.selected:
        wanted = draft.selected[integration.slug]
        selected = next((connection for connection in free if str(connection.pk) == wanted), None)
        gone = _name_of(draft.tenant, wanted) if wanted and not selected else ""
    else:
        # Nothing to choose from: what there is, is what will be used. The review shows it before anything happens.
        selected = free[0] if len(free) == 1 else None
    return Need(integration, optional, choices, selected, gone, left_out)


def _users(tenant: Tenant, integration: Integration, connections: Iterable[Connection]) -> dict[UUID, str]:
    """Connection → what uses it, for providers that allow one user at a time."""
    if not integration.provider.exclusive:
        return {}
    rows = Binding.objects.of(tenant).filter(connection__in=list(connections)).select_related("app__deployment", "app")
    return {row.connection_id: getattr(row.app, "deployment", row.app).name for row in rows}


def _name_of(tenant: Tenant, identity: str) -> str:
    found: Connection | None = Connection.objects.of(tenant).filter(pk=identity).first()
    return found.display_name if found else "The account"
