"""The catalogue for programs (contract section 4): which integrations there are, and how each looks."""

from django.conf import settings
from django.urls import reverse

from connections import catalog
from connections.catalog import Provider
from connections.models import Integration
from deployments.errors import ApiError
from deployments.vending import check_slug
from deployments.wire import EnvBootstrap, EnvBootstrapVar, IntegrationOut


def offers() -> list[IntegrationOut]:
    """Every enabled integration, by name. One query."""
    rows = Integration.objects.filter(enabled=True, slug__in=catalog.all_providers())
    return sorted((_offer(row) for row in rows), key=lambda offer: offer.name.lower())


def offer(slug: str) -> IntegrationOut:
    """One of them. Raises `ApiError` `provider_unknown`, or `validation_failed` for what can't be a slug."""
    check_slug(slug)
    row = Integration.objects.filter(enabled=True, slug=slug).first()
    if row is None:
        raise ApiError("provider_unknown", slug=slug)
    return _offer(row)


def env_bootstrap(provider: Provider) -> EnvBootstrap | None:
    """The variables that hold the provider's credential. A process reads them at its start, hence `gateway`."""
    if not provider.env:
        return None
    return EnvBootstrap(
        vars=[EnvBootstrapVar(name=variable.name, value_from=variable.told) for variable in provider.env],
        restart="gateway",
    )


def logo_url(provider: Provider) -> str:
    """Where a page of any origin finds the logo; there is always one."""
    return f"{settings.BASE_URL}{reverse('deployments:logo', args=[provider.slug])}"


def _offer(row: Integration) -> IntegrationOut:
    provider = row.provider
    return IntegrationOut(
        slug=row.slug,
        provider=row.slug,
        name=provider.name,
        description=provider.summary,
        category=provider.category,
        logo_url=logo_url(provider),
        icon_name=row.slug,  # collections of brand icons go by such names
        brand_color=provider.brand_color,
        docs_url=provider.docs_url,
        supported_profiles=[*provider.profiles],
        default_profile=row.default_profile,
        enabled=row.enabled,
        featured=row.featured,
        env_bootstrap=env_bootstrap(provider),
    )
