"""Django admin for the catalogue, connections and connect attempts. No secret is ever shown; none can be read back."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from connections import addresses, connect, vault
from connections.models import ConnectAttempt, Connection, Integration


class IntegrationForm(forms.ModelForm[Integration]):
    """What an operator enters about our client at a provider."""

    new_client_secret = forms.CharField(
        label="Client secret",
        required=False,
        strip=True,
        max_length=2000,
        # `render_value` stays off: what was typed is not sent back, not even with an error beside it.
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Is encrypted when saved and can't be shown again. Leave it empty to keep the present one.",
    )

    class Meta:
        model = Integration
        fields = ("enabled", "featured", "client_id", "endpoint_overrides")

    def clean_endpoint_overrides(self) -> dict[str, str]:
        """Known names, and https unless it is this machine: the token address receives our client secret."""
        overrides: Any = self.cleaned_data["endpoint_overrides"] or {}
        if not isinstance(overrides, dict) or not set(overrides) <= addresses.NAMES:
            raise forms.ValidationError(f"Write an object with any of {', '.join(sorted(addresses.NAMES))}.")
        if not all(_is_sound(url) for url in overrides.values()):
            raise forms.ValidationError("Every address must begin with https:// (or be on this machine).")
        return overrides

    def save(self, commit: bool = True) -> Integration:  # noqa: FBT001, FBT002  (Django's signature)
        """Seal the secret, if one was entered."""
        integration = super().save(commit=False)
        if secret := self.cleaned_data["new_client_secret"]:
            vault.seal(integration, "client_secret", secret)
        if commit:
            integration.save()
        return integration


def _is_sound(url: object) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        addresses.placeholders(parts.geturl())
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    return bool(parts.hostname) and parts.username is None and (parts.scheme == "https" or local)


@admin.register(Integration)
class IntegrationAdmin(admin.ModelAdmin[Integration]):
    """The catalogue's switches. Rows come from the provider files, so none is added or deleted here."""

    form = IntegrationForm
    list_display = ("name", "slug", "enabled", "featured", "is_configured")
    list_filter = ("enabled", "featured")
    search_fields = ("slug",)
    readonly_fields = ("slug", "redirect_uri", "client_secret_state")
    fieldsets = (
        (None, {"fields": ("slug", "enabled", "featured")}),
        (
            "Our client at the provider",
            {"fields": ("redirect_uri", "client_id", "client_secret_state", "new_client_secret")},
        ),
        ("Addresses", {"classes": ("collapse",), "fields": ("endpoint_overrides",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """`sync_catalog` adds rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Integration | None = None) -> bool:
        """Switch it off instead: connections refer to it."""
        return False

    @admin.display(description="Name")
    def name(self, integration: Integration) -> str:
        """The provider's own name; a row whose file is gone has none."""
        try:
            return integration.provider.name
        except KeyError:
            return integration.slug

    @admin.display(description="Ready to connect", boolean=True)
    def is_configured(self, integration: Integration) -> bool:
        """Whether somebody can connect."""
        try:
            return integration.enabled and integration.configured
        except KeyError:
            return False

    @admin.display(description="Redirect URI", empty_value="-")
    def redirect_uri(self, integration: Integration) -> str:
        """What the provider wants to know when a client is registered there."""
        return f"{settings.BASE_URL}{reverse('connections:callback', args=[integration.slug])}"

    @admin.display(description="Present client secret")
    def client_secret_state(self, integration: Integration) -> str:
        """Whether there is one; not what it is."""
        return "set" if integration.client_secret else "not set"


class Readable(admin.ModelAdmin[Any]):
    """Rows to look at. They change through the product, which tells everybody concerned."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False


@admin.register(Connection)
class ConnectionAdmin(Readable):
    """What tenants connected, without their credentials. They can be disconnected here, as their tenant would."""

    list_display = ("display_name", "integration", "tenant", "profile", "status", "connected_at")
    list_filter = ("status", "integration", "profile")
    search_fields = ("display_name", "external_id", "tenant__slug")
    list_select_related = ("integration", "tenant")
    # By name, never "all but": a secret that is added to the model must not turn up here by itself.
    fields = (
        "id",
        "tenant",
        "integration",
        "profile",
        "status",
        "external_id",
        "display_name",
        "account_id",
        "expires_at",
        "granted_scopes",
        "error_message",
        "connected_at",
        "refreshed_at",
    )
    actions = ("disconnect",)

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        """Whoever may change connections in principle."""
        return request.user.has_perm("connections.change_connection")

    @admin.action(description="Disconnect the selected connections", permissions=["disconnect"])
    def disconnect(self, request: HttpRequest, chosen: QuerySet[Connection]) -> None:
        """Secrets are wiped, and the apps that used them hear of it."""
        for connection in chosen:
            connect.disconnect(connection)


@admin.register(ConnectAttempt)
class ConnectAttemptAdmin(Readable):
    """Why a connect failed."""

    list_display = ("created_at", "integration", "tenant", "user", "outcome", "detail")
    list_filter = ("outcome", "integration")
    search_fields = ("user__email", "tenant__slug")
    list_select_related = ("integration", "tenant", "user")
    fields = (
        "id",
        "tenant",
        "user",
        "integration",
        "profile",
        "connection",
        "target_origin",
        "created_at",
        "expires_at",
        "used_at",
        "outcome",
        "detail",
    )
