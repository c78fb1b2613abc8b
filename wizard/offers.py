"""The catalogue of tools as a tenant sees it."""

from collections.abc import Iterator
from dataclasses import dataclass

from connections.models import Integration
from deployments.manifest import Published, published
from deployments.models import Release, Tool


@dataclass(frozen=True, slots=True)
class Use:
    """An integration of a tool."""

    integration: Integration
    optional: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool that can be deployed, with what its active release declares."""

    tool: Tool
    release: Release
    declared: Published
    uses: tuple[Use, ...]


def offers() -> list[Offer]:
    """Every tool that can be deployed, by name."""
    rows = Release.objects.filter(status=Release.Status.ACTIVE).select_related("tool").order_by("tool__name")
    catalogue = Integration.objects.in_bulk()
    return [_offer(release, catalogue) for release in rows]


def offer(tool: Tool) -> Offer | None:
    """What deploying this tool means now; None while it has no active release."""
    release = tool.active_release
    return _offer(release, Integration.objects.in_bulk()) if release else None


def _offer(release: Release, catalogue: dict[str, Integration]) -> Offer:
    declared = published(release)
    return Offer(release.tool, release, declared, tuple(_uses(declared, catalogue)))


def _uses(declared: Published, catalogue: dict[str, Integration]) -> Iterator[Use]:
    """Required ones first: they decide whether somebody can use the tool at all."""
    for use in sorted(declared.integrations, key=lambda use: use.optional):
        if use.slug in catalogue:
            yield Use(catalogue[use.slug], use.optional)
