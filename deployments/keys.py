"""API keys: minted, shown once, recognised by their hash, revoked.

A key is `vendo_sk_` and 32 characters of `A-Za-z0-9_-`: 192 random bits, so a plain SHA-256 is enough to keep (a slow
hash protects what people choose, not what a generator does).
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from connections import audit
from connections.models import Connection
from deployments.errors import ApiError
from deployments.models import ApiKey, App
from tenants.models import User

logger = logging.getLogger(__name__)

FORM = re.compile(r"vendo_sk_[A-Za-z0-9_-]{32}")
SHOWN = 12  # characters that stay visible after minting
SEEN_EVERY = timedelta(minutes=1)


def mint(app: App, name: str, *, by: User | None = None, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A key for everything the app may use. The text is returned this once and kept nowhere."""
    row = ApiKey(tenant_id=app.tenant_id, scope=ApiKey.Scope.APP, app=app)
    return _mint(row, name, by, expires_at)


def mint_for_connection(
    connection: Connection, name: str, *, by: User | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A key for one connection alone. The text is returned this once and kept nowhere."""
    row = ApiKey(tenant_id=connection.tenant_id, scope=ApiKey.Scope.CONNECTION, connection=connection)
    return _mint(row, name, by, expires_at)


def revoke(key: ApiKey, *, by: User | None = None) -> datetime:
    """End a key, from the very next request on; revoking twice keeps the first time. Returns when it ended."""
    with transaction.atomic():
        if ApiKey.everyone.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.note(by, key, "Revoked.")
    key.refresh_from_db(fields=["revoked_at"])
    assert key.revoked_at is not None
    return key.revoked_at


def listed(rows: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """As people see them: those that work first, then the newest."""
    return rows.order_by(F("revoked_at").asc(nulls_first=True), "-created_at")


def looks_like_key(text: str) -> bool:
    """Whether a text has the form of a key."""
    return FORM.fullmatch(text) is not None


def hash_of(text: str) -> str:
    """As what a key is kept: its SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def authenticate(bearer: str | None) -> ApiKey:
    """The usable key whose text this is, with its app or connection loaded, and noted as used.

    Raises `ApiError` `app_unknown`, `app_revoked` or `app_expired`.
    """
    key = recognise(bearer)
    _note_use(key)
    return key


def recognise(text: str | None) -> ApiKey:
    """As `authenticate`, but does not count as use of the key. One query."""
    if not text or not looks_like_key(text):
        raise ApiError("app_unknown")
    rows = ApiKey.everyone.select_related("tenant", "app", "connection__integration")
    key: ApiKey | None = rows.filter(key_hash=hash_of(text)).first()
    if key is None:
        raise ApiError("app_unknown")
    if key.revoked_at is not None:
        raise ApiError("app_revoked")
    if key.expired:
        raise ApiError("app_expired")
    return key


def _mint(row: ApiKey, name: str, by: User | None, expires_at: datetime | None) -> tuple[ApiKey, str]:
    text = f"vendo_sk_{secrets.token_urlsafe(24)}"
    row.name, row.created_by, row.expires_at = name, by, expires_at
    row.key_hash, row.prefix = hash_of(text), text[:SHOWN]
    with transaction.atomic():
        row.save(force_insert=True)
        audit.note(by, row, "Minted.")
    return row, text


def _note_use(key: ApiKey) -> None:
    """Keep `last_used_at`, written at most once a minute and by one of those who come at the same moment."""
    now = timezone.now()
    if key.last_used_at and key.last_used_at > now - SEEN_EVERY:
        return
    note_uses([key.pk])


def note_uses(ids: Collection[UUID | str]) -> None:
    """Keep that these keys are in use now, unless that was kept less than a minute ago."""
    now = timezone.now()
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - SEEN_EVERY)
    try:
        with transaction.atomic():
            ApiKey.everyone.filter(due, pk__in=ids).update(last_used_at=now)
    except DatabaseError:
        # Bookkeeping: a busy database must not cost a tool its token.
        logger.warning("The last use of %s keys could not be noted", len(ids))
