"""Connections whose tokens Composio holds: what can be had of them, and how they end.

A token that Composio gives out is kept in the row, sealed, until a minute before its end, like any other. So all
processes share it, the fast door finds it, and who refreshes is settled by the same lease (credentials.py).
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx2
from django.core.cache import cache
from django.utils import timezone

from connections.catalog import TokenAnswer
from connections.composio import Composio, HeldAccount, Refused
from connections.errors import NeedsReauth, ProfileUnsupported, ProviderError
from connections.models import Connection, Integration
from connections.provider_api import said_by

logger = logging.getLogger(__name__)

ENOUGH = timedelta(seconds=61)  # that a token which is handed out must live; a second more than the contract says
UNSAID = timedelta(hours=1)  # until Composio is asked again for a token of which it does not say when it ends
UNSHOWN = 300  # seconds without another question for a token that Composio does not show; clients repeat a 500
GONE = {404, 410}
ACTION = 110.0  # seconds that an action may take; the SDK waits for 120


class BrokeredApi:
    """The `Api` that catalogue files are handed: Composio makes the calls, with a token that it need not show."""

    def __init__(self, composio: Composio, integration: Integration, account_id: str) -> None:
        self._composio, self._integration, self._account_id = composio, integration, account_id

    def get(self, path: str, **params: str) -> Any:
        """The JSON at `path`. Raises as `ProviderApi` does."""
        return self._json("GET", path, params, None)

    def post(self, path: str, body: Mapping[str, Any] | None) -> Any:
        """The JSON answered to `body`."""
        return self._json("POST", path, {}, body)

    def _json(self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None) -> Any:
        provider = self._integration.provider
        url = self._integration.address("account_url").rstrip("/") + path
        try:
            answer = self._composio.call(
                method, url, account_id=self._account_id, query=query, headers=provider.api_headers, body=body
            )
        except Refused as refusal:
            raise ProviderError(f"Composio could not ask {provider.name}: {refusal.message}") from None
        return said_by(provider, httpx2.Response(answer.status, json=answer.data))


def held(composio: Composio, account_id: str, name: str) -> HeldAccount:
    """The account, which can be used. `name` is the provider's. Raises `NeedsReauth` where it can't be."""
    try:
        account = composio.account(account_id)
    except Refused as refusal:
        if refusal.status not in GONE:
            raise ProviderError(f"Composio does not tell of this {name} account: {refusal.message}") from None
        raise NeedsReauth(f"Composio no longer knows this {name} account. Reconnect it.") from None
    if not account.active:
        why = f" ({account.reason[:200]})" if account.reason else ""
        raise NeedsReauth(f"Composio can no longer use this {name} account{why}. Reconnect it.")
    return account


def token(connection: Connection) -> TokenAnswer:
    """The provider's token, with more than a minute to live.

    Raises `NeedsReauth`, `ProfileUnsupported` where Composio does not show it, `ProviderError`.
    """
    integration, account_id = connection.integration, connection.broker_account
    name, unshown = integration.provider.name, f"composio-does-not-show:{account_id}"
    if cache.get(unshown):
        raise _unshown(name)
    with Composio() as composio:
        account = held(composio, account_id, name)
        if account.token and _about_to_end(account):
            # Composio renews what it uses.
            integration.provider.verify(BrokeredApi(composio, integration, account_id))
            account = held(composio, account_id, name)
    if account.token is None:
        cache.set(unshown, "yes", UNSHOWN)
        raise _unshown(name)
    if _about_to_end(account):
        raise ProviderError(f"Composio is about to renew the {name} token. Try again in a minute.")
    return TokenAnswer(access_token=account.token, expires_in=int((_end(account) - timezone.now()).total_seconds()))


def check(connection: Connection) -> None:
    """Whether the account works, by a call of the provider. Raises a `CredentialError`."""
    integration = connection.integration
    with Composio() as composio:
        account = held(composio, connection.broker_account, integration.provider.name)
        integration.provider.verify(BrokeredApi(composio, integration, account.id))


def execute(connection: Connection, action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Do an action with the account; returns what it returned.

    Raises `NeedsReauth` where the account can no longer be used, `Refused` for all else that Composio refuses, and
    `ProviderError`.
    """
    with Composio(ACTION) as composio:
        try:
            return composio.execute(
                action, arguments, account_id=connection.broker_account, user=str(connection.tenant_id)
            )
        except Refused as refusal:
            if refusal.status != 424:
                held(composio, connection.broker_account, connection.integration.provider.name)
            raise


def forget(account_id: str, *, revoke: bool = False) -> None:
    """Have Composio delete the account, as far as it can be told.

    With `revoke` the provider hears of it too. Some then end all that the person ever allowed that client: right when
    it is given up for good, and wrong for one that was replaced, or never came to be.
    """
    try:
        with Composio() as composio:
            composio.delete(account_id, revoke=revoke)
    except (ProviderError, Refused):
        logger.warning("Composio could not be told to delete account %s", account_id)


def _unshown(name: str) -> ProfileUnsupported:
    return ProfileUnsupported(
        f"Composio does not show the token of this {name} account, so there is none to hand out. Execute its actions "
        "instead. An admin may use an OAuth client of their own there, and unmask tokens."
    )


def _end(account: HeldAccount) -> datetime:
    return account.token_ends or timezone.now() + UNSAID


def _about_to_end(account: HeldAccount) -> bool:
    return _end(account) - timezone.now() < ENOUGH
