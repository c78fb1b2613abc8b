"""What a connect came to, as a row: a new one, or the live one of the same account with new secrets."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import DatabaseError, transaction

from connections import brokered, signals, vault
from connections.catalog import Account, Place, TokenAnswer
from connections.credentials import expiry
from connections.errors import ConnectError
from connections.intents import Intent
from connections.models import Connection, Integration
from tenants.models import Tenant, User

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A credential that works, and whose it is."""

    profile: str
    account: Account
    answer: TokenAnswer
    issued: datetime
    scopes: tuple[str, ...] = ()
    # What else is secret: pasted beside the token, or made here. What the row has under the same name stays.
    made: Mapping[str, str] = field(default_factory=dict, repr=False)
    pasted: Mapping[str, str] = field(default_factory=dict, repr=False)
    # The account at Composio, which keeps the tokens: `answer` has none.
    broker_account: str = ""
    # Of which the connection is for one; empty once that is settled, or where there is no such thing.
    places: tuple[Place, ...] = ()


def keep(
    tenant: Tenant,
    integration: Integration,
    grant: Grant,
    *,
    renew: Connection | None,
    intent: Intent | None,
    by: User | None = None,
) -> Connection:
    """Store and announce it; what receivers refuse is not stored. Raises `ConnectError`."""
    try:
        with transaction.atomic():
            connection = _store(tenant, integration, grant, renew)
            signals.connected.send(sender=Connection, connection=connection, intent=intent, renewed=True, by=by)
    except DatabaseError:
        logger.exception("A connection of tenant %s for %s could not be stored", tenant.pk, integration.pk)
        raise ConnectError("db_insert_failed", "The connection could not be saved. Try again.") from None
    return connection


def live_of(tenant: Tenant, integration: Integration, account_id: str) -> Connection | None:
    """The tenant's connection of that account, if there is one."""
    rows = Connection.objects.of(tenant).filter(integration=integration, status__in=Connection.LIVE)
    found: Connection | None = rows.filter(account_id=account_id).first()
    return found


def _store(tenant: Tenant, integration: Integration, grant: Grant, renew: Connection | None) -> Connection:
    """The row keeps its id and its bindings when the same account is connected again."""
    account, answer = grant.account, grant.answer
    live = Connection.everyone.filter(
        tenant=tenant, integration=integration, status__in=Connection.LIVE
    ).select_for_update()
    connection = (
        (live.filter(pk=renew.pk).first() if renew else None)
        or live.filter(account_id=account.id).exclude(account_id="").first()
        or Connection(tenant=tenant, integration=integration, display_name=account.name[:200])
    )
    mended = not connection._state.adding and connection.status != Connection.Status.ACTIVE
    connection.profile, connection.status, connection.error_message = grant.profile, Connection.Status.ACTIVE, ""
    connection.account_id = account.id
    if connection.broker_account not in ("", grant.broker_account):
        transaction.on_commit(partial(brokered.forget, connection.broker_account))
    connection.broker_account = grant.broker_account
    connection.connected_at = connection.refreshed_at = connection.watched_at = grant.issued
    connection.expires_at = expiry(answer, grant.issued)
    connection.granted_scopes = list(grant.scopes)
    connection.metadata = dict(account.metadata) | (
        {"context": {integration.slug: dict(account.context)}} if account.context else {}
    )
    connection.refresh_lease, connection.refresh_lease_until, connection.refresh_failure = "", None, {}
    _seal(connection, grant)
    connection.save()
    if mended:
        signals.status_changed.send(sender=Connection, connection=connection)
    return connection


def _seal(connection: Connection, grant: Grant) -> None:
    if grant.broker_account:
        connection.credential = connection.refresh_token = None
        return
    vault.seal(connection, "credential", grant.answer.access_token)
    # A provider that sends none on a renewed consent still honours the old one.
    if grant.answer.refresh_token or connection._state.adding:
        vault.seal(connection, "refresh_token", grant.answer.refresh_token)
    # Whoever was told a secret that was made here goes on using it.
    further = {**grant.made, **json.loads(vault.reveal(connection, "further_secrets") or "{}"), **grant.pasted}
    vault.seal(connection, "further_secrets", json.dumps(further) if further else None)
