"""What an operator still has to do before people can connect a provider."""

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse

from connections import catalog, vault
from connections.catalog import OAuth2, Provider
from connections.models import Integration


def provider_of(integration: Integration) -> Provider | None:
    """Its data sheet; None where the file is gone from the catalogue."""
    return catalog.all_providers().get(integration.slug)


def ways(integration: Integration) -> str:
    """How people connect at present, in words."""
    provider = provider_of(integration)
    if provider is None:
        return "not in the catalogue"
    by_sign_in = "Composio" if integration.brokered else "our client" if provider.oauth else ""
    found = (by_sign_in, "a pasted key" if provider.key else "", "a webhook's secret" if provider.inbound else "")
    return " or ".join(way for way in found if way)


def ready(integration: Integration) -> bool:
    """Whether somebody can connect it."""
    return integration.enabled and provider_of(integration) is not None and integration.configured


def missing(integration: Integration) -> list[str]:
    """Noun by noun; empty where everything is there. Being switched off is not among them."""
    provider = provider_of(integration)
    if provider is None:
        return ["file in the catalogue"]
    if integration.brokered:
        return list(_missing_at_composio(integration))
    return list(_missing_of_our_client(integration, provider.oauth)) if provider.oauth else []


def secret_opens(integration: Integration) -> bool:
    """Whether the keys of the vault open the client's secret."""
    try:
        vault.reveal(integration, "client_secret")
    except vault.VaultError:
        return False
    return True


def redirect_uri(integration: Integration) -> str:
    """What the provider wants to know when a client is registered there."""
    return f"{settings.BASE_URL}{reverse('connections:callback', args=[integration.slug])}"


def _missing_at_composio(integration: Integration) -> Iterator[str]:
    if not settings.COMPOSIO_API_KEY:
        yield "COMPOSIO_API_KEY in the environment"
    if not integration.composio_auth_config:
        yield "auth config at Composio"


def _missing_of_our_client(integration: Integration, oauth: OAuth2) -> Iterator[str]:
    if not integration.client_id:
        yield "client id"
    if not integration.client_secret and oauth.client_auth != "none":
        yield "client secret"
