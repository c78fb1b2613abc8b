"""How a connection comes to be, is renewed, tested, renamed and given up."""

import contextlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from authlib.common.security import generate_token
from django.db import transaction
from django.utils import timezone

from connections import (
    attempts,
    brokered,
    brokered_connect,
    byok,
    discovery,
    grants,
    inbound,
    oauth,
    places,
    revocation,
    signals,
    swaps,
    vault,
)
from connections.catalog import OAuth2, Place
from connections.credentials import fresh_token, mark_needs_reauth, mark_working
from connections.errors import ConnectError, ConnectionsError, NeedsReauth
from connections.grants import Grant
from connections.intents import Intent
from connections.models import ConnectAttempt, Connection, Integration
from connections.provider_api import ProviderApi
from connections.revocation import Held
from tenants.models import Tenant, User

logger = logging.getLogger(__name__)

SECRETS = ("credential", "refresh_token", "further_secrets")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a connect is asked to do: for what, whom to tell, where to go on."""

    intent: Intent | None = None
    target_origin: str = ""
    return_to: str = ""
    opener_state: str = ""
    renew: Connection | None = None
    # What was typed in, by name of the ask.
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """A started dance: where to send the browser, and the secret it must bring back in a cookie; or why it ended."""

    attempt: ConnectAttempt
    url: str = field(repr=False)
    browser_secret: str = field(repr=False)
    refusal: ConnectError | None = None


def start(user: User, tenant: Tenant, integration: Integration, wish: Wish) -> Started:
    """Begin the dance. The row keeps hashes of what the browser and the provider must bring back."""
    auth = integration.provider.broker if integration.brokered else integration.provider.oauth
    assert auth is not None
    state, browser_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    verifier = generate_token(64) if isinstance(auth, OAuth2) and auth.uses_pkce else None
    attempt = ConnectAttempt(
        tenant=tenant,
        user=user,
        integration=integration,
        connection=wish.renew,
        profile=auth.profile,
        state_hash=attempts.hashed(state),
        browser_hash=attempts.hashed(browser_secret),
        intent={"kind": wish.intent.kind, "id": wish.intent.id} if wish.intent else {},
        target_origin=wish.target_origin,
        return_to=wish.return_to,
        opener_state=wish.opener_state,
        asked=dict(wish.asked),
        expires_at=timezone.now() + attempts.LIFETIME,
    )
    vault.seal(attempt, "verifier", verifier)
    attempt.save()
    if not integration.brokered:
        return Started(attempt, oauth.authorization_url(integration, state, verifier, wish.asked), browser_secret)
    try:
        return Started(attempt, brokered_connect.begin(attempt, state), browser_secret)
    except ConnectError as error:
        attempts.claim(attempt)
        attempts.note(attempt, error.code, error.message)
        return Started(attempt, "", "", refusal=error)


def finish(
    attempt: ConnectAttempt, query: Mapping[str, str], *, user: User, browser_secret: str | None
) -> Connection | None:
    """The provider sent the browser back: exchange, identify, store. None: the person has to choose a place first.

    Raises `ConnectError`; the attempt keeps why.
    """
    attempts.check_browser(attempt, user, browser_secret)
    attempts.claim(attempt)
    with attempts.ended_by_failure(attempt):
        attempts.check_age(attempt)
        granted = brokered_connect.come_back if attempt.broker_account else _exchanged
        grant = granted(attempt, query)
        settled = places.settled(grant, attempt.connection, noun_of(attempt))
        if settled is not None:
            return _keep(attempt, settled)
        places.put_aside(attempt, grant)
        attempt.verifier, attempt.expires_at = None, timezone.now() + attempts.LIFETIME
        attempt.save(update_fields=["pending", "verifier", "expires_at"])
    return None


def question(attempt: ConnectAttempt, *, user: User, browser_secret: str | None) -> tuple[Place, ...]:
    """The places that the person may choose from. Raises `ConnectError` where there is nothing to answer."""
    attempts.check_browser(attempt, user, browser_secret)
    grant = places.waiting(attempt)
    if attempt.expires_at <= timezone.now():
        with attempts.ended_by_failure(attempt):
            places.take(attempt)
            attempts.check_age(attempt)
    return grant.places


def answer(attempt: ConnectAttempt, place: Place, *, user: User, browser_secret: str | None) -> Connection:
    """The person chose one of the places: store. Raises `ConnectError`; the attempt keeps why."""
    attempts.check_browser(attempt, user, browser_secret)
    grant = places.waiting(attempt)
    places.take(attempt)
    with attempts.ended_by_failure(attempt):
        attempts.check_age(attempt)
        return _keep(attempt, places.chosen(grant, place))


def noun_of(attempt: ConnectAttempt) -> str:
    """What the provider calls a place."""
    found = attempt.integration.provider.places
    return found.noun if found else "account"


def give_up(slug: str, state: str) -> None:
    """End the attempt that sent this state out, if Composio sent another browser back (see brokered_connect.py)."""
    attempt = attempts.of_state(slug, state)
    if attempt is None or not attempt.broker_account:
        return
    with contextlib.suppress(ConnectError):
        attempts.claim(attempt)
        attempts.note(attempt, "oauth_state_invalid", "It came back in another browser, or to another person.")
        brokered.forget(attempt.broker_account)


def choose(connection: Connection, intent: Intent, *, by: User | None = None) -> None:
    """Use a connection that exists already for what somebody came for."""
    with transaction.atomic():
        # Receivers take further locks, and everybody takes the connection's first.
        Connection.everyone.select_for_update(no_key=True).get(pk=connection.pk)
        signals.connected.send(sender=Connection, connection=connection, intent=intent, renewed=False, by=by)


def disconnect(connection: Connection, *, by: User | None = None) -> None:
    """Revoke: bindings dropped, secrets wiped, and the provider told as far as it can be told."""
    with transaction.atomic():
        row = Connection.everyone.select_for_update().get(pk=connection.pk)
        if not row.live:
            return
        # From the locked row: a refresh since the caller's look has put others there, which would live on.
        held = _held(row)
        row.status, row.error_message = Connection.Status.REVOKED, ""
        row.credential = row.refresh_token = row.further_secrets = row.expires_at = None
        row.save(update_fields=["status", "error_message", *SECRETS, "expires_at"])
        signals.disconnected.send(sender=Connection, connection=row, by=by)
    connection.refresh_from_db()
    # After the commit: a slow provider must not hold the row, and a failing one must not bring the secrets back.
    # What was pasted is the person's own, who may use it elsewhere: it is not for us to end.
    if connection.is_key or connection.is_inbound:
        _stop_messages(connection, held)
        return
    if connection.broker_account:
        brokered.forget(connection.broker_account, revoke=True)
    elif held is not None:
        try:
            revocation.revoke(connection.integration, held)
        except ConnectionsError:
            logger.info("%s could not be told that connection %s is gone", connection.integration_id, connection.pk)


def rename(connection: Connection, name: str) -> None:
    """Give a connection a name of one's own."""
    with transaction.atomic():
        connection.display_name = name
        connection.save(update_fields=["display_name"])
        signals.changed.send(sender=Connection, connection=connection)


def test(connection: Connection) -> None:
    """Ask the provider whether the credential works. Raises `CredentialError`; the status follows the outcome."""
    if connection.is_key:
        byok.retest(connection)
        return
    try:
        if connection.broker_account:
            # Whoever keeps the tokens may have mended them.
            brokered.check(connection)
            mark_working(connection)
            return
        token = fresh_token(connection)
        with ProviderApi(connection.integration, token.access_token, connection.facts) as api:
            connection.integration.provider.verify(api)
    except NeedsReauth as error:
        mark_needs_reauth(connection, error.message)
        raise


def _stop_messages(connection: Connection, held: Held | None) -> None:
    """Where a deploy has told the provider to send its messages to us, tell it not to. Failing is no reason to stop."""
    hooks = connection.integration.provider.deploy_hooks
    if not hooks or held is None or not held.access_token:
        return
    address = inbound.address(connection.external_id)
    try:
        with ProviderApi(connection.integration, held.access_token, held.facts) as api:
            for hook in hooks:
                hook.undo(api, address)
    except (ConnectionsError, KeyError, TypeError, ValueError):
        logger.info("%s goes on to send to connection %s, which is gone", connection.integration_id, connection.pk)


def _held(row: Connection) -> Held | None:
    """What the provider knows the connection by. None where that does not open: then it can't be told."""
    try:
        return Held(
            access_token=vault.reveal(row, "credential"),
            refresh_token=vault.reveal(row, "refresh_token"),
            account_id=row.account_id,
            facts=row.facts,
        )
    except vault.VaultError:
        logger.warning("The secrets of connection %s do not open; its provider is not told that it is gone", row.pk)
        return None


def _code_of(attempt: ConnectAttempt, query: Mapping[str, str]) -> str:
    name = attempt.integration.provider.name
    sent_by = query.get("iss")
    if sent_by is not None and sent_by.rstrip("/") != oauth.issuer(attempt.integration, attempt.asked):
        raise ConnectError("oauth_state_invalid", f"The answer did not come from {name}. Connect again.")
    if error := query.get("error"):
        code = oauth.error_code(error)
        if code == "access_denied":
            raise ConnectError(code, f"You did not allow access to {name}, so nothing was connected.")
        raise ConnectError(code, f"{name} ended the sign-in ({code}). Try again.")
    if not query.get("code"):
        raise ConnectError("missing_params", f"{name} sent no code back. Connect again.")
    return query["code"]


def _exchanged(attempt: ConnectAttempt, query: Mapping[str, str]) -> Grant:
    """The code in the query → tokens, and whose they are."""
    integration, facts = attempt.integration, attempt.asked
    code, issued = _code_of(attempt, query), timezone.now()
    short = oauth.exchange(integration, code, vault.reveal(attempt, "verifier"), facts)
    answer = swaps.lengthened(integration, short, facts)
    auth = oauth.oauth_of(integration)
    answer = replace(answer, extra={**answer.extra, **{name: query[name] for name in auth.keep_query if name in query}})
    with discovery.readable(integration.provider), ProviderApi(integration, answer.access_token, facts) as api:
        found = discovery.whose(integration.provider, api, answer)
    return Grant(
        profile=attempt.profile,
        account=found.account,
        answer=answer,
        issued=issued,
        # RFC 6749 section 5.1: no `scope` in the answer means that what was asked for was granted.
        scopes=oauth.asked_for(auth) if answer.scopes is None else answer.scopes,
        places=found.places,
    )


def _keep(attempt: ConnectAttempt, grant: Grant) -> Connection:
    """What was granted → stored and announced connection."""
    account = replace(grant.account, metadata={**grant.account.metadata, **attempt.asked})
    if attempt.connection and attempt.connection.account_id not in ("", account.id):
        raise ConnectError(
            "context_discovery_failed",
            f"You signed in as {account.name}, but this connection is {attempt.connection.display_name}. "
            "Choose the same account, or connect the other one as a new connection.",
        )
    intent = Intent(**attempt.intent) if attempt.intent else None
    connection = grants.keep(
        attempt.tenant,
        attempt.integration,
        replace(grant, account=account),
        renew=attempt.connection,
        intent=intent,
        by=attempt.user,
    )
    attempts.note(attempt, "connected", "", connection)
    return connection
