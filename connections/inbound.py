"""Secrets with which providers sign what they send (webhooks), where people paste them.

Into a connection that has a credential besides (`keep`), or as a connection of nothing else (`connect`): then the
provider must know our address before it shows the secret, so that the connection's id is chosen first (`reserve`).
"""

import json
from collections.abc import Mapping

from django import forms
from django.conf import settings
from django.core import signing
from django.db import DatabaseError, transaction

from connections import signals, variables, vault
from connections.byok import LONGEST, PastedField
from connections.catalog import InboundSecret, Provider
from connections.errors import ConnectError
from connections.intents import Intent
from connections.models import Connection, Integration, new_external_id
from tenants.models import Tenant, User

SALT = "connections.inbound"


class SecretForm(forms.Form):
    """A signing secret. It is not rendered again, not even beside an error."""

    def __init__(self, provider: Provider, data: Mapping[str, str] | None = None) -> None:
        super().__init__(data)
        label, example = _words(provider)
        self.fields["signing_secret"] = PastedField(
            label=label,
            max_length=LONGEST,
            widget=forms.PasswordInput(
                {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "placeholder": example}
            ),
            error_messages={"required": "Paste the secret here."},
        )

    @property
    def secret(self) -> str:
        """What was pasted."""
        text: str = self.cleaned_data["signing_secret"]
        return text


class NewForm(SecretForm):
    """The same for a connection that is yet to be, whose address is chosen already; or for one to `renew`."""

    display_name = forms.CharField(label="Name", max_length=200, error_messages={"required": "Give it a name."})

    def __init__(
        self,
        tenant: Tenant,
        provider: Provider,
        data: Mapping[str, str] | None = None,
        renew: Connection | None = None,
    ) -> None:
        kept = _reserved(tenant, provider, (data or {}).get("reserved", ""))
        self.external_id = renew.external_id if renew else kept or new_external_id()
        super().__init__(provider, data)
        self.fields["display_name"].initial = renew.display_name if renew else f"{provider.name} webhook"
        self.order_fields(["signing_secret", "display_name"])
        # Beside the fields, as it is nothing to fill in.
        self.reserved = _reserve(tenant, provider, self.external_id)
        self.address = address(self.external_id)


def address(external_id: str) -> str:
    """Where the provider of a connection sends to."""
    return f"{settings.BASE_URL}/hooks/{external_id}"


def is_pasted(connection: Connection) -> bool:
    """Whether the secret is the provider's, for a person to paste; others are made here."""
    provider = connection.integration.provider
    made = provider.key.made if provider.key else ()
    return provider.webhook is not None and provider.webhook.secret not in made


def has_secret(connection: Connection) -> bool:
    """Whether what comes can be verified. Raises `VaultError` where the secrets do not open."""
    webhook = connection.integration.provider.webhook
    return webhook is not None and bool(variables.further_secrets(connection).get(webhook.secret))


def keep(connection: Connection, secret: str, *, by: User) -> None:
    """From now on this is the secret. Tools that have it as a variable are told as after a reconnect."""
    with transaction.atomic():
        row = Connection.everyone.select_for_update().select_related("integration", "tenant").get(pk=connection.pk)
        _seal(row, secret)
        row.save(update_fields=["further_secrets"])
        signals.connected.send(sender=Connection, connection=row, intent=None, renewed=True, by=by)


def connect(
    tenant: Tenant, integration: Integration, form: NewForm, *, intent: Intent | None, user: User
) -> Connection:
    """Store and announce a connection that is this secret. Sent twice, it is one. Raises `ConnectError`."""
    mine = Connection.everyone.filter(tenant=tenant, integration=integration, status__in=Connection.LIVE)
    try:
        with transaction.atomic():
            row = mine.select_for_update().filter(external_id=form.external_id).first() or Connection(
                tenant=tenant, integration=integration, external_id=form.external_id, profile=InboundSecret.profile
            )
            row.display_name = form.cleaned_data["display_name"]
            _seal(row, form.secret)
            row.save()
            signals.connected.send(sender=Connection, connection=row, intent=intent, renewed=True, by=user)
    except DatabaseError:
        raise ConnectError("db_insert_failed", "The connection could not be saved. Try again.") from None
    return row


def _seal(row: Connection, secret: str) -> None:
    webhook = row.integration.provider.webhook
    assert webhook is not None
    try:
        others = variables.further_secrets(row)
    except vault.VaultError:
        others = {}  # nobody can read them any more
    vault.seal(row, "further_secrets", json.dumps({**others, webhook.secret: secret}))


def _words(provider: Provider) -> tuple[str, str]:
    """The field's label, and how such a secret begins."""
    if provider.inbound:
        return provider.inbound.label, provider.inbound.example
    name = provider.webhook.secret if provider.webhook else ""
    fields = provider.key.fields if provider.key else ()
    return next(((field.label, field.example) for field in fields if field.name == name), ("Signing secret", ""))


def _reserve(tenant: Tenant, provider: Provider, external_id: str) -> str:
    """Nobody chooses an id, least of all one that was somebody else's."""
    return signing.dumps([str(tenant.pk), provider.slug, external_id], salt=SALT)


def _reserved(tenant: Tenant, provider: Provider, text: str) -> str | None:
    try:
        owner, slug, external_id = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return external_id if (owner, slug) == (str(tenant.pk), provider.slug) else None
