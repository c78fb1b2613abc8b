"""Tokens that a provider changes for other tokens in a way of its own (catalog `Swap`), outside of RFC 6749."""

from dataclasses import replace

import httpx2

from connections import oauth, provider_api, vault
from connections.addresses import NOTHING, Facts
from connections.catalog import Swap, TokenAnswer
from connections.errors import ConnectError, CredentialError, ProviderError
from connections.models import Integration
from connections.provider_api import TIMEOUT, readable_failures, refuse_unknown, refuse_unwell


def lengthened(integration: Integration, answer: TokenAnswer, facts: Facts = NOTHING) -> TokenAnswer:
    """A long-lived token for the one just issued, where the provider has such. Raises `ConnectError`."""
    swap = oauth.oauth_of(integration).lengthen
    if swap is None:
        return answer
    try:
        longer = _swapped(integration, swap, "lengthen_url", answer.access_token, facts)
    except CredentialError as error:
        raise ConnectError("oauth_exchange_failed", error.message) from None
    return replace(longer, scopes=longer.scopes or answer.scopes, extra=answer.extra)


def renewed(integration: Integration, access_token: str, facts: Facts = NOTHING) -> TokenAnswer:
    """Another token for one that still lives. Raises `NeedsReauth` where the provider does not know it any more."""
    swap = oauth.oauth_of(integration).renew
    assert swap is not None
    return _swapped(integration, swap, "renew_url", access_token, facts)


def _swapped(integration: Integration, swap: Swap, address: str, token: str, facts: Facts) -> TokenAnswer:
    provider = integration.provider
    request = _request(integration, swap, integration.address(address, facts), token)
    answer = provider_api.send(provider, request)
    with readable_failures(provider.name):
        refuse_unknown(provider, answer)
        refuse_unwell(provider.name, answer)
        if answer.status_code != 200:
            raise ProviderError(f"{provider.name} refused to renew the token. Try again in a minute.")
        return oauth.read_answer(replace(oauth.oauth_of(integration), token_path=()), answer.json())


def _request(integration: Integration, swap: Swap, url: str, token: str) -> httpx2.Request:
    known = {
        "access_token": token,
        "client_id": integration.client_id,
        "client_secret": vault.reveal(integration, "client_secret") or "",
    }
    fields = {name: value.format_map(known) for name, value in swap.params.items()}
    return httpx2.Request(
        swap.method,
        url,
        params=fields if swap.method == "GET" else None,
        data=None if swap.method == "GET" else fields,
        headers={"Accept": "application/json"},
        extensions={"timeout": TIMEOUT.as_dict()},
    )
