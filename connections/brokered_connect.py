"""The dance by way of Composio: it signs the person in with a client of its own, and sends the browser back to us.

The attempt is the same as for our own dance: state, single use, the browser's cookie. But anybody to whom a sign-in
page was passed on can finish it there, so whoever comes back in another browser ends the attempt, and the account
that came of it is deleted before somebody else can collect it.
"""

from collections.abc import Mapping

from django.utils import timezone

from connections import attempts, brokered, discovery, oauth
from connections.brokered import BrokeredApi
from connections.catalog import Brokered, TokenAnswer
from connections.composio import TOKENS, Composio, HeldAccount, Refused
from connections.errors import ConnectError, CredentialError
from connections.grants import Grant
from connections.models import ConnectAttempt, Integration

# What came with a token and is a secret itself; all else may say whose account it is.
SECRETS = frozenset({*TOKENS, "refresh_token", "id_token", "client_secret", "private_key", "password"})

# Of one workspace within an attempt's lifetime: each makes an account at Composio, with the key that all share.
MOST_BEGUN = 30


def begin(attempt: ConnectAttempt, state: str) -> str:
    """Where to send the person. The attempt remembers the account that will come of it. Raises `ConnectError`."""
    integration = attempt.integration
    _spare_composio(attempt)
    back = f"{oauth.redirect_uri(integration)}?state={state}"
    try:
        with Composio() as composio:
            link = composio.link(integration.composio_auth_config, str(attempt.tenant_id), back)
    except CredentialError as error:
        raise ConnectError("oauth_exchange_failed", error.message) from None
    except Refused as refusal:
        raise ConnectError(
            "oauth_exchange_failed",
            f"Composio does not begin a sign-in at {integration.provider.name}: {refusal.message} An admin must look "
            "at the auth config under Integrations.",
        ) from None
    attempt.broker_account = link.account_id
    attempt.save(update_fields=["broker_account"])
    return link.url


def come_back(attempt: ConnectAttempt, query: Mapping[str, str]) -> Grant:
    """What the person granted, and whose it is; no token. Raises `ConnectError`."""
    issued, integration = timezone.now(), attempt.integration
    _check_query(attempt, query)
    broker = integration.provider.broker
    assert broker is not None
    try:
        with Composio() as composio:
            held = brokered.held(composio, attempt.broker_account, integration.provider.name)
            _check_toolkit(integration, broker, held)
            with discovery.readable(integration.provider):
                api = BrokeredApi(composio, integration, held.id)
                found = discovery.whose(integration.provider, api, _answer(held))
    except CredentialError as error:
        raise ConnectError("oauth_exchange_failed", error.message) from None
    return Grant(
        profile=broker.profile,
        account=found.account,
        answer=TokenAnswer(access_token=""),
        issued=issued,
        scopes=oauth.granted(held.values.get("scope")) or (),
        broker_account=held.id,
        places=found.places,
    )


def _spare_composio(attempt: ConnectAttempt) -> None:
    lately = ConnectAttempt.objects.of(attempt.tenant).filter(created_at__gt=timezone.now() - attempts.LIFETIME)
    if lately.exclude(broker_account="").count() >= MOST_BEGUN:
        raise ConnectError("oauth_exchange_failed", "Too many sign-ins were begun. Wait ten minutes, then try again.")


def _check_query(attempt: ConnectAttempt, query: Mapping[str, str]) -> None:
    """Composio adds `status`, `connected_account_id`, and `error` in words where something went wrong."""
    name = attempt.integration.provider.name
    if query.get("error") == "access_denied":
        raise ConnectError("access_denied", f"You did not allow access to {name}, so nothing was connected.")
    if query.get("error") or query.get("status", "success") != "success":
        raise ConnectError("oauth_exchange_failed", f"The sign-in at {name} did not come to an end. Try again.")
    if "connected_account_id" not in query:
        raise ConnectError("missing_params", "Composio's answer is incomplete. Connect again.")
    if query["connected_account_id"] != attempt.broker_account:
        raise ConnectError("oauth_state_invalid", "The answer is about another sign-in. Connect again.")


def _check_toolkit(integration: Integration, broker: Brokered, held: HeldAccount) -> None:
    if held.toolkit.lower() != broker.toolkit:
        raise ConnectError(
            "oauth_exchange_failed",
            f"The auth config that is entered for {integration.provider.name} is for {held.toolkit} at Composio. An "
            "admin must correct it.",
        )


def _answer(held: HeldAccount) -> TokenAnswer:
    """What the provider sent, without what is secret of it. No token goes through our hands here."""
    return TokenAnswer(
        access_token="", extra={name: fact for name, fact in _facts(held).items() if name not in SECRETS}
    )


def _facts(held: HeldAccount) -> Mapping[str, object]:
    """What the provider sent beside the token: Composio puts it next to it, or under a name of its own."""
    more = held.values.get("extra_token_data")
    return {**(more if isinstance(more, Mapping) else {}), **held.values}
