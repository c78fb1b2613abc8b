"""The dashboard's catalogue of providers (contract section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from vendo._account import Account, AccountSource
from vendo._answers import unreadable
from vendo._bootstrap import EnvBootstrap, bootstrap_of
from vendo._fields import maybe_text, rows, text
from vendo._flow import Flow, run, run_async
from vendo._slugs import checked, own_variable
from vendo.errors import ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A provider that tenants of this dashboard can connect. `provider` is `slug` once more."""

    slug: str
    provider: str
    name: str
    description: str = ""
    category: str = ""
    logo_url: str | None = None
    icon_name: str | None = None
    brand_color: str | None = None
    docs_url: str | None = None
    supported_profiles: tuple[str, ...] = ()
    default_profile: str | None = None
    enabled: bool = True
    featured: bool = False
    env_bootstrap: EnvBootstrap | None = None


IntegrationList: TypeAlias = list[Integration]
Names: TypeAlias = list[str]


def integrations(account: Account) -> Flow[IntegrationList]:
    """Without a dashboard there is no catalogue."""
    if account.settings.api_key is None:
        return []
    body = yield from account.read(account.settings.base_url, "api/integrations")
    if not isinstance(body, dict) or not isinstance(body.get("integrations"), list):
        raise unreadable(None)
    return [_integration(row) for row in rows(body["integrations"]) if text(row.get("slug"))]


def integration(account: Account, slug: str) -> Flow[Integration]:
    name = checked(slug)
    if account.settings.api_key is None:
        message = "There is no catalogue without a Vendo dashboard: set VENDO_API_KEY and VENDO_BASE_URL."
        raise ValidationError(message, code="provider_unknown", slug=name)
    body = yield from account.read(account.settings.base_url, f"api/integrations/{name}", slug=name)
    if not isinstance(body, dict) or not text(body.get("slug")):
        raise unreadable(name)
    return _integration(body)


def env_vars(account: Account, slug: str) -> Flow[Names]:
    name = checked(slug)
    if account.settings.api_key is None:
        return [own_variable(name)]
    found = yield from integration(account, name)
    return [variable.name for variable in found.env_bootstrap.vars] if found.env_bootstrap else []


def _integration(row: Mapping[str, object]) -> Integration:
    slug, profiles = text(row.get("slug")), row.get("supported_profiles")
    return Integration(
        slug=slug,
        provider=text(row.get("provider")) or slug,
        name=text(row.get("name")) or slug,
        description=text(row.get("description")),
        category=text(row.get("category")),
        logo_url=maybe_text(row.get("logo_url")),
        icon_name=maybe_text(row.get("icon_name")),
        brand_color=maybe_text(row.get("brand_color")),
        docs_url=maybe_text(row.get("docs_url")),
        supported_profiles=tuple(filter(None, map(text, profiles if isinstance(profiles, list) else []))),
        default_profile=maybe_text(row.get("default_profile")),
        enabled=row.get("enabled") is not False,
        featured=row.get("featured") is True,
        env_bootstrap=bootstrap_of(row.get("env_bootstrap")),
    )


class Integrations:
    """`vendo.integrations`, and `integrations` of a `Vendo`."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    def list(self) -> IntegrationList:
        """Every provider that tenants can connect; empty in OSS mode."""
        return run(integrations(self._source()))

    def get(self, slug: str) -> Integration:
        """One provider. Raises `ValidationError` (`provider_unknown`) where the dashboard has no such one."""
        return run(integration(self._source(), slug))

    def env_vars(self, slug: str) -> Names:
        """The variables that hold this provider's values in a tool's environment.

        Empty where its credentials expire, since a variable would go stale: use `token`. In OSS mode it is the one
        that `token` reads.
        """
        return run(env_vars(self._source(), slug))


class AsyncIntegrations:
    """`Integrations`, to be awaited."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    async def list(self) -> IntegrationList:
        """See `Integrations.list`."""
        return await run_async(integrations(self._source()))

    async def get(self, slug: str) -> Integration:
        """See `Integrations.get`."""
        return await run_async(integration(self._source(), slug))

    async def env_vars(self, slug: str) -> Names:
        """See `Integrations.env_vars`."""
        return await run_async(env_vars(self._source(), slug))
