"""Catalogue rows, connections, and the attempts to make one."""

import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from connections import addresses, catalog
from connections.catalog import ApiKey, Brokered, InboundSecret, OAuth2, Scope
from connections.vault import VaultField
from tenants.scoped import TenantModel


def new_external_id() -> str:
    """`vendo_conn_` and 24 random characters: how a connection is known outside (webhook addresses, messages)."""
    return f"vendo_conn_{secrets.token_hex(12)}"


class Integration(models.Model):
    """What an operator may change about a provider. Everything else is in the provider's file in `catalog/`."""

    class SignIn(models.TextChoices):
        OWN = "own", "with a client of our own"
        COMPOSIO = "composio", "by way of Composio"

    slug = models.SlugField(max_length=40, primary_key=True)
    enabled = models.BooleanField(default=True)
    featured = models.BooleanField(default=False)
    client_id = models.CharField(max_length=255, blank=True)
    client_secret = VaultField(null=True, blank=True, editable=False)
    endpoint_overrides = models.JSONField(default=dict, blank=True)
    sign_in = models.CharField(
        max_length=20,
        choices=SignIn,
        default=SignIn.OWN,
        help_text="How people sign in at the provider, where it can be done in both ways.",
    )
    composio_auth_config = models.CharField(
        max_length=100, blank=True, help_text="The auth config's id at Composio: ac_…"
    )

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        known = catalog.all_providers().get(self.slug)
        return known.name if known else self.slug

    @property
    def provider(self) -> catalog.Provider:
        """The provider's data sheet."""
        return catalog.get(self.slug)

    @property
    def configured(self) -> bool:
        """Whether somebody can connect."""
        return self.offers_sign_in or self.provider.key is not None or self.provider.inbound is not None

    @property
    def offers_sign_in(self) -> bool:
        """Whether one can sign in at the provider, which needs our client's id or Composio's first."""
        if self.brokered:
            return bool(self.composio_auth_config and settings.COMPOSIO_API_KEY)
        return self.provider.oauth is not None and bool(self.client_id)

    @property
    def brokered(self) -> bool:
        """Whether people sign in by way of Composio."""
        provider = self.provider
        return provider.broker is not None and (self.sign_in == self.SignIn.COMPOSIO or provider.oauth is None)

    @property
    def default_profile(self) -> str:
        """The contract's name of the first of the ways to connect that are open."""
        closed = OAuth2 if self.brokered else Brokered
        return next(kind.profile for kind in self.provider.auth if not isinstance(kind, closed))

    @property
    def api_url(self) -> str:
        """Where the provider's API is, after overrides, before it is filled for an account; no slash at the end."""
        return addresses.template(self.provider, self.endpoint_overrides, "api_url").rstrip("/")

    def address(
        self, name: str, facts: addresses.Facts = addresses.NOTHING, quoted: addresses.Facts = addresses.NOTHING
    ) -> str:
        """`authorize_url`, `api_url`, … for one account, after overrides; "" where the provider has no such address.

        Raises `NeedsReauth` where the account's facts do not make one. `quoted` is percent-encoded already.
        """
        found = addresses.template(self.provider, self.endpoint_overrides, name)
        return addresses.filled(self.provider, found, facts, quoted)


class Connection(TenantModel):
    """One tenant's credential for one integration."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Connected"
        NEEDS_REAUTH = "needs_reauth", "Needs sign-in"
        ERROR = "error", "Not working"
        REVOKED = "revoked", "Disconnected"

    LIVE: ClassVar[set[str]] = {Status.ACTIVE, Status.NEEDS_REAUTH, Status.ERROR}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="connections")
    profile = models.CharField(max_length=30)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    external_id = models.CharField(max_length=60, unique=True, default=new_external_id, editable=False)
    display_name = models.CharField(max_length=200)
    account_id = models.CharField(
        max_length=200,
        blank=True,
        help_text="The account's own id at the provider: the same account is connected once.",
    )
    broker_account = models.CharField(
        max_length=100, blank=True, editable=False, help_text="The account's id at Composio, which keeps the tokens."
    )
    credential = VaultField(null=True, editable=False)
    refresh_token = VaultField(null=True, editable=False)
    further_secrets = VaultField(
        null=True, editable=False, help_text="A JSON object: what was pasted beside the token, and what was made here."
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    granted_scopes = models.JSONField(default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    connected_at = models.DateTimeField(default=timezone.now)
    refreshed_at = models.DateTimeField(null=True, blank=True, help_text="When the provider issued the present token.")
    watched_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When we last saw to it that it still works, unasked."
    )
    # The lease under which one process refreshes while the others wait (see credentials.py).
    refresh_lease = models.CharField(max_length=32, blank=True, editable=False)
    refresh_lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # How the last refresh failed, for those who waited for it: at, message, retry_after. Empty after a success.
    refresh_failure = models.JSONField(default=dict, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-connected_at",)
        indexes: ClassVar = [models.Index(fields=["tenant", "integration", "status"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "integration", "account_id"],
                condition=~Q(status="revoked") & ~Q(account_id=""),
                name="one_live_connection_per_account",
            )
        ]

    def __str__(self) -> str:
        return f"{self.integration} · {self.display_name}"

    @property
    def context(self) -> dict[str, Any] | None:
        """What was discovered about the account at connect time (Supabase: `{"ref": …}`), flat, or None."""
        found = self.metadata.get("context", {}).get(self.integration_id)
        return dict(found) if found else None

    @property
    def facts(self) -> addresses.Facts:
        """What fills the provider's addresses for this account: what was typed in, and the context."""
        asked = {ask.name: self.metadata.get(ask.name) for ask in self.integration.provider.asks}
        return {name: str(value) for name, value in {**(self.context or {}), **asked}.items() if value is not None}

    @property
    def api_url(self) -> str:
        """Where this account's API is; no slash at the end. Raises `NeedsReauth` where that is not known."""
        return self.integration.address("api_url", self.facts).rstrip("/")

    @property
    def signed_in_by(self) -> OAuth2 | None:
        """How the person signed in, where that was with our own client."""
        oauth = self.integration.provider.oauth
        return oauth if oauth and self.profile == oauth.profile else None

    @property
    def missing_scopes(self) -> list[Scope]:
        """What the catalogue asks for today and the person was not asked for, or did not allow."""
        oauth, granted = self.signed_in_by, set(self.granted_scopes)
        if oauth is None or not self.live:
            return []
        return [scope for scope in oauth.scopes if not granted & {scope.name, *scope.also}]

    @property
    def live(self) -> bool:
        """Not revoked: there is still something to use or to mend."""
        return self.status in self.LIVE

    def get_status_display(self) -> str:  # type: ignore[no-redef]
        """The status in words: nobody signs in with a key."""
        if self.is_key and self.status == self.Status.NEEDS_REAUTH:
            return "Needs a new key"
        return str(self.Status(self.status).label)

    @property
    def renewable(self) -> bool:
        """Whether another token can be had without the person."""
        return self.refresh_token is not None or bool(self.broker_account)

    @property
    def is_key(self) -> bool:
        """Whether a person pasted it, who can replace it with another."""
        return self.profile == ApiKey.profile

    @property
    def is_inbound(self) -> bool:
        """Whether it is nothing but a secret to verify webhooks with."""
        return self.profile == InboundSecret.profile


class ConnectAttempt(TenantModel):
    """One started OAuth dance. Kept afterwards: it is how an operator sees why a connect failed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="attempts")
    connection = models.ForeignKey(
        Connection,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="attempts",
        help_text="The one to renew, or the result.",
    )
    profile = models.CharField(max_length=30)
    state_hash = models.CharField(max_length=64, unique=True, editable=False)
    browser_hash = models.CharField(max_length=64, editable=False)
    verifier = VaultField(null=True, editable=False)
    asked = models.JSONField(default=dict, blank=True, help_text="What was typed in before signing in.")
    # While the person chooses a place: what the provider granted, and among which places. Wiped by the choice.
    pending = VaultField(null=True, editable=False)
    broker_account = models.CharField(max_length=100, blank=True, editable=False)
    intent = models.JSONField(default=dict, blank=True)
    target_origin = models.CharField(max_length=255, blank=True)
    return_to = models.CharField(max_length=2000, blank=True)
    opener_state = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=60, blank=True, help_text="`connected`, or the error code.")
    detail = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.integration_id} at {self.created_at:%Y-%m-%d %H:%M}: {self.outcome or 'open'}"


class Refresh(models.Model):
    """A provider was asked for a new token. Kept for a day: it is how an operator sees how an integration does."""

    DONE: ClassVar[str] = "refreshed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="refreshes")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    outcome = models.CharField(max_length=60, help_text="`refreshed`, or the error code.")

    class Meta:
        ordering = ("-at",)
        verbose_name_plural = "refreshes"

    def __str__(self) -> str:
        return f"{self.connection_id} at {self.at:%Y-%m-%d %H:%M}: {self.outcome}"


class IntegrationRequest(TenantModel):
    """A wish for a provider that is not there, from somebody in a workspace. An operator answers it in the admin."""

    class AuthModel(models.TextChoices):
        SIGN_IN = "oauth", "People sign in there and allow access (OAuth)"
        KEY = "api_key", "People copy a key or token from its settings"
        WEBHOOK = "webhook", "It only sends messages to tools (webhooks)"
        UNKNOWN = "unknown", "I don’t know"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        PLANNED = "planned", "Planned"
        ADDED = "added", "Added"
        DECLINED = "declined", "Declined"

    PENDING: ClassVar[set[str]] = {Status.OPEN, Status.PLANNED}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    name = models.CharField(max_length=80)
    name_key = models.CharField(max_length=80, editable=False, help_text="The name as it is compared.")
    auth_model = models.CharField(max_length=20, choices=AuthModel)
    docs_url = models.URLField(max_length=500)
    env_vars = models.JSONField(default=list, blank=True, help_text="Names of the variables that tools would read.")
    note = models.TextField(max_length=1000, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    answer = models.TextField(max_length=1000, blank=True, help_text="Shown to the workspace that asked.")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        ordering = ("-asked_at",)
        indexes: ClassVar = [models.Index(fields=["status", "asked_at"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "name_key"],
                condition=Q(status__in=["open", "planned"]),
                name="one_pending_request_per_provider",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_status_display()})"

    @property
    def pending(self) -> bool:
        """Whether it waits for something, and can be withdrawn."""
        return self.status in self.PENDING
