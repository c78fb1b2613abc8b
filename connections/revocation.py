"""Telling a provider that a token is no longer wanted, in its own way (catalog `Revocation`; RFC 7009 by default)."""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2

from connections import oauth, provider_api, vault
from connections.addresses import NOTHING, Facts
from connections.catalog import Revocation
from connections.errors import ProviderError
from connections.models import Integration
from connections.provider_api import TIMEOUT, readable_failures, refuse_unwell, told_in_band


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is given up: the tokens, and whose they were."""

    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    account_id: str = ""
    facts: Facts = field(default_factory=lambda: NOTHING)

    def token(self, kind: str) -> str:
        """The one of that kind, else the other; "" where there is none."""
        wanted, other = self.refresh_token, self.access_token
        if kind == "access":
            wanted, other = other, wanted
        return wanted or other or ""


def revoke(integration: Integration, held: Held) -> None:
    """Give it up, where the provider has a way to. Raises `ProviderError` when it can't be told, or `NeedsReauth`."""
    provider, way = integration.provider, oauth.oauth_of(integration).revoke
    token = held.token(way.token) if way else ""
    if way is None or not token:
        return
    answer = provider_api.send(provider, _request(integration, way, held, token))
    with readable_failures(provider.name):
        refuse_unwell(provider.name, answer)
        if answer.status_code >= 400 or told_in_band(provider, answer):
            raise ProviderError(f"{provider.name} did not confirm the revocation.")


def _request(integration: Integration, way: Revocation, held: Held, token: str) -> httpx2.Request:
    secret = vault.reveal(integration, "client_secret") or ""
    known = {"client_id": integration.client_id, "account_id": held.account_id, "token": token}
    fields = {name: value.format_map(known) for name, value in way.params.items()}
    fields |= {way.token_field: token} if way.token_field else {}
    headers, auth = {"Accept": "application/json"}, way.auth or oauth.oauth_of(integration).client_auth
    match auth:
        case "basic":
            pair = base64.b64encode(f"{integration.client_id}:{secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        case "post":
            fields |= {"client_id": integration.client_id, "client_secret": secret}
        case "bearer":
            headers["Authorization"] = f"Bearer {held.access_token or token}"
        case "secret":
            headers["Authorization"] = f"Bearer {secret}"
        case "none":
            pass
    body: dict[str, Any] = {"form": {"data": fields}, "json": {"json": fields}, "none": {}}[way.body]
    url = integration.address("revoke_url", held.facts, {name: quote(value, safe="") for name, value in known.items()})
    return httpx2.Request(way.method, url, headers=headers, extensions={"timeout": TIMEOUT.as_dict()}, **body)
