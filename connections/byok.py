"""Keys that people bring along: tried at the provider, then stored like any other credential (`byok_static`).

form = byok.form_for(integration.provider, request.POST)
if form.is_valid():
    try:
        connection = byok.paste(tenant, integration, form.cleaned_data, intent=intent, user=user)
    except KeyRefused as refusal:
        byok.explain(form, refusal)
"""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.html import format_html

from connections import asks, grants, vault
from connections.addresses import Facts
from connections.catalog import Account, ApiKey, KeyField, Provider, TokenAnswer
from connections.credentials import mark_needs_reauth, mark_working
from connections.errors import ConnectError, KeyRefused, NeedsReauth, ProviderError, ProviderForbids, Revoked
from connections.grants import Grant
from connections.intents import Intent
from connections.models import ConnectAttempt, Connection, Integration
from connections.provider_api import ProviderApi
from tenants.models import Tenant, User

LONGEST = 1000  # characters
SENDABLE = re.compile(r"[!-~]+")  # what fits into a header and an address
UNKNOWN = "key:"  # begins the id of an account whose provider does not tell whose key it is
TRIES, WITHIN = 30, timedelta(minutes=10)  # refused keys of one workspace, before the provider is spared


class KeyForm(forms.Form):
    """What a provider's data sheet says is to be pasted."""

    def __init__(self, provider: Provider, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.key = _key_of(provider)
        for field in self.key.fields:
            self.fields[field.name] = _form_field(field)
        self.fields.update(asks.fields_of(provider))
        link = '{} <a href="{}" target="_blank" rel="noopener noreferrer">Open that page</a>.'
        self.fields[self.key.token.name].help_text = format_html(link, self.key.how, self.key.keys_url)


class PastedField(forms.CharField):
    """A key as people paste it: with spaces, line breaks or quotes around it."""

    def to_python(self, value: Any) -> str:
        """Without what is around it."""
        return (super().to_python(value) or "").strip(" \t\r\n\"'\u200b\ufeff")

    def validate(self, value: str) -> None:
        """Nothing that can't be sent."""
        super().validate(value)
        if value and not SENDABLE.fullmatch(value):
            raise forms.ValidationError(
                "There are spaces or special characters in this. Copy nothing else, and all of it."
            )


def form_for(provider: Provider, data: Mapping[str, Any] | None = None, **kwargs: Any) -> KeyForm:
    """The form to paste into; `kwargs` are a Django form's own (`prefix`, `auto_id`). Secrets are not rendered."""
    return KeyForm(provider, data, **kwargs)


def explain(form: forms.Form, refusal: KeyRefused) -> None:
    """Put what was wrong where the person looks for it."""
    for name, sentence in refusal.errors.items():
        form.add_error(name if name in form.fields else None, sentence)


def paste(
    tenant: Tenant,
    integration: Integration,
    values: Mapping[str, Any],
    *,
    intent: Intent | None = None,
    user: User,
    renew: Connection | None = None,
) -> Connection:
    """Try the key at the provider; store, bind and announce it if it works. Raises `KeyRefused`, and stores nothing.

    `values` are the form's fields by name. `renew` is the connection whose key is replaced. Asks the provider, which
    may take its time: not for the inside of a transaction.
    """
    try:
        grant = _tried(tenant, integration, values, renew)
        connection = grants.keep(tenant, integration, grant, renew=renew, intent=intent, by=user)
    except ConnectError as error:
        refusal = error if isinstance(error, KeyRefused) else KeyRefused(error.code, {"": error.message})
        _note(tenant, integration, user, refusal, renew)
        raise refusal from None
    _note(tenant, integration, user, None, connection)
    return connection


def retest(connection: Connection) -> None:
    """Ask the provider whether the key works. Raises `CredentialError`; the status follows the outcome, both ways."""
    name = connection.integration.provider.name
    if not connection.live or connection.credential is None:
        raise Revoked(f"This {name} connection was disconnected. Connect {name} again.")
    try:
        credential = vault.reveal(connection, "credential") or ""
        with ProviderApi(connection.integration, credential, connection.facts) as api:
            connection.integration.provider.verify(api)
    except NeedsReauth:
        noun = _key_of(connection.integration.provider).token.noun
        message = f"{name} no longer accepts this {noun}. Paste another one."
        mark_needs_reauth(connection, message)
        raise NeedsReauth(message) from None
    mark_working(connection)


def _tried(tenant: Tenant, integration: Integration, values: Mapping[str, Any], renew: Connection | None) -> Grant:
    """What is to be stored, once the provider has taken the key. Raises `KeyRefused`."""
    form = form_for(integration.provider, values)
    if not form.is_valid():
        raise KeyRefused("key_invalid", {name: str(errors[0]) for name, errors in form.errors.items()})
    _spare_the_provider(tenant, integration)
    key, given = form.key, form.cleaned_data
    answer = TokenAnswer(access_token=given[key.token.name], extra={f.name: given[f.name] for f in key.fields[1:]})
    asked = {ask.name: given[ask.name] for ask in integration.provider.asks}
    account = _account(tenant, integration, answer, asked)
    _refuse_another(tenant, integration, account, renew)
    return Grant(
        profile=key.profile,
        account=account,
        answer=answer,
        issued=timezone.now(),
        made={name: secrets.token_hex(32) for name in key.made},
        pasted={field.name: given[field.name] for field in key.fields[1:] if field.secret and given[field.name]},
    )


def _account(tenant: Tenant, integration: Integration, answer: TokenAnswer, asked: Facts) -> Account:
    """Whose key it is, by the provider's own word; this is what tries it. Raises `KeyRefused`."""
    provider = integration.provider
    key, field = _key_of(provider), _key_of(provider).token.name
    try:
        with ProviderApi(integration, answer.access_token, asked) as api:
            account = provider.identify(api, answer)
    except NeedsReauth:
        raise KeyRefused("key_refused", {field: _refused(provider, key, answer.access_token)}) from None
    except ProviderForbids:
        can = f" It must be allowed to {key.needs}." if key.needs else ""
        noun = key.token.noun
        message = f"{provider.name} knows this {noun}, but it may not do enough.{can} Change that, or paste another."
        raise KeyRefused("key_forbidden", {field: message}) from None
    except ProviderError as error:
        message = f"{error.message} The {key.token.noun} could not be tried, so nothing was stored."
        raise KeyRefused("upstream_error", {"": message}) from None
    except (LookupError, TypeError, ValueError, AttributeError):
        message = f"{provider.name} gave an answer that can't be read, so nothing was stored. Try again in a minute."
        raise KeyRefused("upstream_error", {"": message}) from None
    facts = {f.name: answer.extra[f.name] for f in key.fields[1:] if not f.secret and answer.extra[f.name]}
    return Account(
        id=account.id or _fingerprint(tenant, integration, answer.access_token),
        name=account.name,
        metadata={**facts, **account.metadata, **asked},
        context=account.context,
    )


def _refused(provider: Provider, key: ApiKey, text: str) -> str:
    """What to do about a key that the provider does not know."""
    noun = key.token.noun
    if key.pattern and not re.fullmatch(key.pattern, text):
        return f"{provider.name} does not know this {noun}. A real one {key.looks}: copy the whole of it."
    return f"{provider.name} does not know this {noun}. It may have been deleted there: make a new one and paste that."


def _refuse_another(tenant: Tenant, integration: Integration, account: Account, renew: Connection | None) -> None:
    """Replacing a key is for the same account, and no account is connected twice."""
    if renew is None:
        return
    field = _key_of(integration.provider).token.name
    other = grants.live_of(tenant, integration, account.id)
    if other and other.pk != renew.pk:
        raise KeyRefused("account_mismatch", {field: f"This is connected already, as {other.display_name}."})
    known = renew.account_id and not renew.account_id.startswith(UNKNOWN) and not account.id.startswith(UNKNOWN)
    if known and renew.account_id != account.id:
        message = (
            f"This belongs to {account.name}, but the connection is {renew.display_name}. Paste one of the same "
            "account, or connect the other as a new connection."
        )
        raise KeyRefused("account_mismatch", {field: message})


def _spare_the_provider(tenant: Tenant, integration: Integration) -> None:
    """Whoever tries keys by the dozen would get all of us blocked there."""
    refused = ConnectAttempt.objects.of(tenant).filter(integration=integration, outcome="key_refused")
    if refused.filter(created_at__gt=timezone.now() - WITHIN).count() >= TRIES:
        raise KeyRefused("rate_limited", {"": "Too many keys were tried. Wait ten minutes, then try again."})


def _note(
    tenant: Tenant, integration: Integration, user: User, refusal: KeyRefused | None, connection: Connection | None
) -> None:
    """For operators, beside the OAuth attempts: how it ended, and nothing of what was pasted."""
    now = timezone.now()
    ConnectAttempt.everyone.create(
        tenant=tenant,
        user=user,
        integration=integration,
        connection=connection,
        profile=ApiKey.profile,
        state_hash=secrets.token_hex(32),  # nobody comes back with it
        expires_at=now,
        used_at=now,
        outcome=refusal.code if refusal else "connected",
        detail=refusal.message[:500] if refusal else "",
    )


def _fingerprint(tenant: Tenant, integration: Integration, text: str) -> str:
    """Stands for the account: the same key is connected once. Tells nothing about the key."""
    return UNKNOWN + salted_hmac(f"connections.byok/{tenant.pk}/{integration.pk}", text, algorithm="sha256").hexdigest()


def _key_of(provider: Provider) -> ApiKey:
    key = provider.key
    assert key is not None, f"{provider.slug} takes no pasted keys"
    return key


def _form_field(field: KeyField) -> forms.CharField:
    attributes = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "placeholder": field.example}
    return PastedField(
        label=field.label,
        required=field.required,
        max_length=LONGEST,
        # What is secret is not rendered again, not even beside an error.
        widget=forms.PasswordInput(attributes) if field.secret else forms.TextInput(attributes),
        error_messages={"required": f"Paste the {field.noun} here."},
    )
