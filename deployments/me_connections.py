"""What an app sees of its integrations and connections (contract section 4, `/api/deployments/me/connections`)."""

import logging
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from django.conf import settings

from connections import variables
from connections.models import Connection
from connections.vault import VaultError
from deployments.composio_door import COMPOSIO
from deployments.errors import ApiError, connect_url
from deployments.models import ApiKey, App
from deployments.offers import env_bootstrap, logo_url
from deployments.uses import AppUse, uses_of
from deployments.wire import ConnectionEntry

logger = logging.getLogger(__name__)

type Status = Literal["connected", "available", "needs_reauth", "error"]
STATUSES: Mapping[str, Status] = {
    Connection.Status.ACTIVE: "connected",
    Connection.Status.NEEDS_REAUTH: "needs_reauth",
    Connection.Status.ERROR: "error",
    Connection.Status.REVOKED: "available",
}


def entries(key: ApiKey, text: str, *, sandbox: bool = False) -> list[ConnectionEntry]:
    """One entry per enabled integration that the key's app may use; as many queries for one binding as for thirty.

    `text` is the key as it was sent: it opens our proxy too. `sandbox` leaves out the credentials of exclusive
    providers, which a second program must not use. Raises `ApiError` `app_unknown` for the key of one connection.
    """
    if key.app is None:
        raise ApiError("app_unknown", "This key is for one connection. Use an app's key here.")
    uses = [use for use in uses_of(_with_release(key.app)) if use.integration.enabled]
    return [_entry(use, key.app.pk, text, hidden=sandbox and use.integration.provider.exclusive) for use in uses]


def _with_release(app: App) -> App:
    """The app together with what tells what it declares, in one query."""
    if app.kind == App.Kind.PROJECT:
        return app
    found: App = App.everyone.select_related("deployment__release").get(pk=app.pk)
    return found


def _entry(use: AppUse, app_id: UUID, text: str, *, hidden: bool) -> ConnectionEntry:
    provider = use.integration.provider
    # Nothing is left of a disconnected one, so it reads like none.
    connection = use.binding.connection if use.binding and use.binding.connection.live else None
    status: Status = STATUSES[connection.status] if connection else "available"
    credential = _credential(connection) if connection and not hidden else None
    proxy = _proxy_of(connection) if connection and not hidden else None
    return ConnectionEntry(
        id=connection.pk if connection else None,
        external_id=connection.external_id if connection else None,
        slug=provider.slug,
        display_name=connection.display_name if connection else provider.name,
        category=provider.category,
        profile=connection.profile if connection else use.integration.default_profile,
        status=status,
        credential=credential,
        api_key=text if proxy else None,
        base_url=f"{settings.BASE_URL}/proxy/{proxy}" if proxy else None,
        metadata=_metadata(connection, credential),
        context=connection.context if connection else None,
        setup_url=None if status == "connected" else connect_url(provider.slug, app_id),
        error_message=(connection.error_message or None) if connection else None,
        connected_at=connection.connected_at if connection else None,
        env_bootstrap=env_bootstrap(provider),
        exclusive=provider.exclusive,
        logo_url=logo_url(provider),
        brand_color=provider.brand_color,
        docs_url=provider.docs_url,
    )


def _metadata(connection: Connection | None, credential: Mapping[str, str] | None) -> dict[str, Any]:
    """Facts about the account, `context.<slug>` among them; and the credential, for clients that look only here."""
    facts = dict(connection.metadata) if connection else {}
    return facts | {"credential": dict(credential)} if credential else facts


def _credential(connection: Connection) -> dict[str, str] | None:
    """Variable → value where the credential works and does not expire. One that does not open spoils no list."""
    if connection.status == Connection.Status.NEEDS_REAUTH:
        return None
    try:
        return variables.of(connection) or None
    except VaultError:
        logger.exception("The credential of connection %s could not be listed", connection.pk)
        return None


def _proxy_of(connection: Connection) -> str | None:
    """Which proxy of ours a tool calls, where it may have no token of its own: its Vendo key opens that."""
    if connection.broker_account:
        return COMPOSIO
    provider = connection.integration.provider
    return provider.slug if provider.proxy and provider.oauth is None and provider.key is None else None
