"""Which token an API key gets for a provider (contract section 3)."""

import logging
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

from django.db import connections as databases
from django.utils import timezone

from connections.credentials import Token, fresh_token, margin
from connections.errors import CredentialError, NeedsReauth, ProviderError, Revoked
from connections.models import Connection, Integration
from deployments.errors import ApiError, connect_url
from deployments.models import ApiKey, Binding

logger = logging.getLogger(__name__)

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")  # as in the catalogue; none begins with `_`
AT_ONCE = 4  # refreshes that one bulk request makes side by side
DEADLINE = 40.0  # seconds; longer than one refresh or the wait for somebody else's can take


def token(key: ApiKey, slug: str, wanted: str | None = None) -> Token:
    """The token for `slug`. `wanted` is the id of one of the app's own connections, or None for the bound one.

    Raises `ApiError` with a code of contract section 2.
    """
    connection = chosen(key, slug, wanted)
    try:
        return fresh_token(connection)
    except CredentialError as error:
        raise refusal(error, key, slug) from error


def chosen(key: ApiKey, slug: str, wanted: str | None = None) -> Connection:
    """The connection that the key uses for `slug`. Raises as `token` does."""
    check_slug(slug)
    connection = _connections(key, [slug]).get(slug)
    if connection is None or (wanted and wanted not in {str(connection.pk), connection.external_id}):
        raise _missing(key, slug)
    return connection


def tokens(key: ApiKey, slugs: Iterable[str]) -> dict[str, Token | None]:
    """A token for each slug; None where there is none to be had, whatever the reason.

    Tokens that need the provider are renewed side by side, so a slow provider holds up nobody beyond `DEADLINE`.
    """
    asked = list(dict.fromkeys(slugs))
    for slug in asked:
        check_slug(slug)
    found = _connections(key, asked)
    got = {slug: _try(connection) for slug, connection in found.items() if not _may_be_slow(connection)}
    got |= _side_by_side({slug: connection for slug, connection in found.items() if slug not in got})
    return {slug: got.get(slug) for slug in asked}


def check_slug(slug: str) -> None:
    """Refuse what can't be a slug before a database sees it."""
    if not SLUG.fullmatch(slug):
        raise ApiError("validation_failed", "A provider's slug is made of lower-case letters, digits and hyphens.")


def _connections(key: ApiKey, slugs: list[str]) -> dict[str, Connection]:
    """slug → the connection that the key may use for it, of enabled integrations. One query, or none."""
    if key.connection:
        only = key.connection
        return {only.integration_id: only} if only.integration_id in slugs and only.integration.enabled else {}
    rows = Binding.everyone.filter(app_id=key.app_id, integration__in=slugs, integration__enabled=True)
    return {row.integration_id: row.connection for row in rows.select_related("connection__integration")}


def _missing(key: ApiKey, slug: str) -> ApiError:
    row = Integration.objects.filter(slug=slug, enabled=True).first()
    if row is None:
        return ApiError("provider_unknown", slug=slug)
    name = row.provider.name
    message = (
        f"This key is for another connection, not for {name}."
        if key.connection
        else f"{name} is not connected for this app."
    )
    return ApiError("binding_missing", message, slug=slug, connect_url=connect_url(slug, key.app_id))


def refusal(error: CredentialError, key: ApiKey, slug: str) -> ApiError:
    """Why there is no token, with where to mend it if a person can."""
    mendable = isinstance(error, NeedsReauth | Revoked)
    return ApiError(
        error.code,
        error.message,
        slug=slug,
        connect_url=connect_url(slug, key.app_id) if mendable else None,
        retry_after=error.retry_after if isinstance(error, ProviderError) else None,
    )


def _may_be_slow(connection: Connection) -> bool:
    """Whether its token may be due: generous, since a wrong yes costs a thread and a wrong no somebody's time."""
    if connection.credential is None:
        return True
    end = connection.expires_at
    return end is not None and end <= timezone.now() + margin(connection) + timedelta(minutes=1)


def _try(connection: Connection) -> Token | None:
    try:
        return fresh_token(connection)
    except CredentialError:
        return None
    except Exception:
        # One secret that does not open, say: the others are not to blame.
        logger.exception("No token of connection %s could be given out", connection.pk)
        return None


def _side_by_side(due: Mapping[str, Connection]) -> dict[str, Token | None]:
    if not due:
        return {}
    pool = ThreadPoolExecutor(min(AT_ONCE, len(due)), thread_name_prefix="bulk-tokens")
    futures = {slug: pool.submit(_try_in_thread, connection) for slug, connection in due.items()}
    wait(futures.values(), timeout=DEADLINE)
    # Whoever is not back goes on alone: the renewed token is stored and serves the next request.
    pool.shutdown(wait=False, cancel_futures=True)
    return {slug: _outcome(future) for slug, future in futures.items()}


def _try_in_thread(connection: Connection) -> Token | None:
    try:
        return _try(connection)
    finally:
        # A thread has database connections of its own; they would stay open with it.
        databases.close_all()


def _outcome(future: Future[Token | None]) -> Token | None:
    return future.result() if future.done() and not future.cancelled() else None
