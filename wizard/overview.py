"""What the start page shows: how far the tenant has come, and what needs somebody's attention."""

from dataclasses import dataclass

from connections.models import Connection, Integration
from deployments.models import ApiKey, Deployment
from tenants.models import Tenant, User
from wizard.draft import unfinished
from wizard.models import Draft

SHOWN = 5
SUGGESTED = 3
UNPROVEN = (Deployment.Status.DEPLOYING, Deployment.Status.FAILED)
ATTENTION = (Connection.Status.NEEDS_REAUTH, Connection.Status.ERROR)


@dataclass(frozen=True, slots=True)
class Guide:
    """The three steps to a tool that works."""

    connected: bool
    deployed: bool
    used: bool

    @property
    def finished(self) -> bool:
        """The guide is in the way. Somebody who works with a key and never deploys has arrived as well."""
        return self.connected and self.used

    @property
    def left(self) -> int:
        """How many are still to do."""
        return 3 - sum((self.connected, self.deployed, self.used))


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at a workspace."""

    guide: Guide
    deployments: list[Deployment]
    total: int
    attention: list[Connection]
    drafts: list[Draft]
    # What step 1 of the guide offers.
    suggestions: list[Integration]
    # Where step 3 of the guide leads: a tool that is up.
    open_url: str


def overview(tenant: Tenant, user: User) -> Overview:
    """The tenant's deployments, troubled connections, and the person's own unfinished drafts."""
    deployments = (
        Deployment.objects.of(tenant).exclude(status=Deployment.Status.DESTROYED).select_related("release__tool")
    )
    connections = Connection.objects.of(tenant)
    newest = list(deployments[:SHOWN])
    running = (found.url for found in newest if found.status == Deployment.Status.RUNNING and found.url)
    guide = Guide(
        connected=connections.filter(status__in=Connection.LIVE).exists(),
        deployed=deployments.exclude(status__in=UNPROVEN).exists(),
        # A key that was used is a tool, or a developer, that got a token.
        used=ApiKey.objects.of(tenant).filter(last_used_at__isnull=False).exists(),
    )
    return Overview(
        guide=guide,
        deployments=newest,
        total=deployments.count(),
        attention=list(connections.filter(status__in=ATTENTION).select_related("integration")),
        drafts=list(unfinished(tenant, user)[:SHOWN]),
        suggestions=[] if guide.connected else _suggestions(),
        open_url=next(running, ""),
    )


def _suggestions() -> list[Integration]:
    """Providers that can be connected right away, featured ones first."""
    enabled = Integration.objects.filter(enabled=True).order_by("-featured", "slug")
    return [integration for integration in enabled if integration.configured][:SUGGESTED]
