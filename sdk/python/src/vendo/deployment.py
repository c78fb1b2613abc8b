"""What a tool that the dashboard runs is told about itself, through its environment (contract section 11).

me = vendo.deployment.current()
if me:
    print(me.domain)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vendo._slugs import variable

__all__ = ["Deployment", "current"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """This running tool. `domain` is where people reach it, `port` where it has to listen.

    `webhook_secret` is what `vendo.webhooks.verify` uses by itself.
    """

    id: str
    slug: str | None = None
    tenant_id: str | None = None
    domain: str | None = None
    port: int | None = None
    base_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)


def current() -> Deployment | None:
    """The deployment that this process belongs to, or None: on your own machine, or without a dashboard."""
    deployment_id = variable("VENDO_DEPLOYMENT_ID")
    if deployment_id is None:
        return None
    return Deployment(
        id=deployment_id,
        slug=variable("VENDO_DEPLOYMENT_SLUG"),
        tenant_id=variable("VENDO_TENANT_ID"),
        domain=variable("DOMAIN"),
        port=_port(variable("PORT")),
        base_url=variable("VENDO_BASE_URL") or variable("VENDO_API_URL"),
        webhook_secret=variable("VENDO_WEBHOOK_SECRET"),
    )


def _port(value: str | None) -> int | None:
    is_number = value is not None and value.isascii() and value.isdigit() and len(value) < 6
    return int(value) if value is not None and is_number else None
