"""The catalogue in Django admin: an operator's own clients, the choice of how people sign in, and how each does."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connections import addresses, admin_health, admin_setup, vault
from connections.admin_health import Health
from connections.models import ConnectAttempt, Connection, Integration
from tenants.models import Membership

NAMES = ", ".join(sorted(addresses.NAMES))
SHOWN = 10  # attempts of one's own on the page where one tries


class IntegrationForm(forms.ModelForm[Integration]):
    """What an operator enters about our client at a provider, and about Composio's."""

    new_client_secret = forms.CharField(
        label="Client secret",
        required=False,
        strip=True,
        max_length=2000,
        # `render_value` stays off: what was typed is not sent back, not even with an error beside it.
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="Is encrypted when saved and can't be shown again. Leave it empty to keep the present one.",
    )
    remove_client_secret = forms.BooleanField(label="Remove the present client secret", required=False)

    class Meta:
        model = Integration
        fields = ("enabled", "featured", "client_id", "sign_in", "composio_auth_config", "endpoint_overrides")
        help_texts = {"endpoint_overrides": f"An object with any of {NAMES}: used in place of the provider's own."}

    def clean_endpoint_overrides(self) -> dict[str, str]:
        """Known names, and https unless it is this machine: the token address receives our client secret."""
        overrides: Any = self.cleaned_data["endpoint_overrides"] or {}
        if not isinstance(overrides, dict) or not set(overrides) <= addresses.NAMES:
            raise forms.ValidationError(f"Write an object with any of {NAMES}.")
        if not all(_is_sound(url) for url in overrides.values()):
            raise forms.ValidationError("Every address must begin with https:// (or be on this machine).")
        return overrides

    def clean(self) -> None:
        """One thing at a time with the secret; and nobody is sent to Composio without an auth config."""
        given = self.cleaned_data
        if given.get("new_client_secret") and given.get("remove_client_secret"):
            self.add_error("remove_client_secret", "Enter another secret, or remove the present one: not both.")
        by_composio = given.get("sign_in") == Integration.SignIn.COMPOSIO
        if by_composio and not given.get("composio_auth_config"):
            self.add_error("composio_auth_config", "Without its id nobody can sign in by way of Composio.")

    def save(self, commit: bool = True) -> Integration:  # noqa: FBT001, FBT002  (Django's signature)
        """Seal the secret, if one was entered; forget it, if that was asked for."""
        integration = super().save(commit=False)
        if secret := self.cleaned_data["new_client_secret"]:
            vault.seal(integration, "client_secret", secret)
        elif self.cleaned_data["remove_client_secret"]:
            integration.client_secret = None
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
    change_form_template = "admin/integration.html"
    list_display = ("name", "ready", "missing", "ways", "connections", "connects", "refreshes")
    list_filter = ("enabled", "featured", "sign_in")
    list_per_page = 200
    search_fields = ("slug",)
    readonly_fields = (
        "slug",
        "missing",
        "how_to_register",
        "redirect_uri",
        "client_secret_state",
        "toolkit",
        "connections",
        "connects",
        "refreshes",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """`sync_catalog` adds rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Integration | None = None) -> bool:
        """Switch it off instead: connections refer to it."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Integration | None = None) -> Any:
        """What there is to decide about this provider, and nothing that it does not have."""
        provider = admin_setup.provider_of(obj) if obj else None
        first: tuple[Any, ...] = (None, {"fields": ("slug", ("enabled", "featured"), "missing")})
        sets = [first, ("Health", {"fields": ("connections", "connects", "refreshes")})]
        if provider and provider.oauth:
            own = ("how_to_register", "redirect_uri", "client_id", "client_secret_state", "new_client_secret")
            more = ("remove_client_secret",) if obj and obj.client_secret else ()
            sets.append(("Our client at the provider", {"fields": own + more}))
        if provider and provider.broker:
            choice = ("sign_in",) if provider.oauth else ()
            sets.append(("Composio", {"fields": (*choice, "toolkit", "composio_auth_config")}))
        return [*sets, ("Addresses", {"classes": ("collapse",), "fields": ("endpoint_overrides",)})]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Each row with its health."""
        listing = super().get_changelist_instance(request)
        found = admin_health.of_all()
        for row in listing.result_list:
            row.health = found.get(row.pk, Health())
        return listing

    def get_urls(self) -> list[URLPattern]:
        """Also where a provider is tried."""
        tried = self.admin_site.admin_view(self.try_it)
        return [path("<slug:slug>/try/", tried, name="connections_integration_try"), *super().get_urls()]

    def try_it(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Connect in one's own workspace as anybody would, and see how it went."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        integration = Integration.objects.filter(pk=slug).first()
        provider = admin_setup.provider_of(integration) if integration else None
        if integration is None or provider is None:
            raise Http404
        membership: Membership | None = request.membership  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Try {provider.name}",
            "opts": self.opts,
            "integration": integration,
            "provider": provider,
            "missing": admin_setup.missing(integration),
            "membership": membership,
            "connect_url": _connect_url(slug, request.path),
            **_own_tries(membership, integration),
        }
        return TemplateResponse(request, "admin/try.html", context)

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: Any) -> None:
        """And say what is missing still."""
        super().save_model(request, obj, form, change)
        if obj.enabled and (missing := admin_setup.missing(obj)):
            self.message_user(request, f"Nobody can sign in yet. Missing: {', '.join(missing)}.", messages.WARNING)

    @admin.display(description="Name")
    def name(self, integration: Integration) -> str:
        """The provider's own name; a row whose file is gone has none."""
        return str(integration)

    @admin.display(description="Ready", boolean=True)
    def ready(self, integration: Integration) -> bool:
        """Whether somebody can connect."""
        return admin_setup.ready(integration)

    @admin.display(description="Missing")
    def missing(self, integration: Integration) -> str:
        """What is to be entered still."""
        found = admin_setup.missing(integration)
        if not found and not admin_setup.secret_opens(integration):
            found = ["client secret: the keys of the vault do not open the present one"]
        return ", ".join(found) or "-"

    @admin.display(description="People connect with")
    def ways(self, integration: Integration) -> str:
        """The ways that are chosen."""
        return admin_setup.ways(integration)

    @admin.display(description="How to register it")
    def how_to_register(self, integration: Integration) -> SafeString:
        """The provider's page for it, and what to do there."""
        oauth = integration.provider.oauth
        assert oauth is not None
        link = '{} <a href="{}" target="_blank" rel="noopener noreferrer">Open that page</a>'
        return format_html(link, oauth.register, oauth.register_url) if oauth.register_url else SafeString("-")

    @admin.display(description="Redirect URI")
    def redirect_uri(self, integration: Integration) -> SafeString:
        """What the provider wants to know when a client is registered there."""
        copied = (
            '<code id="redirect-uri">{}</code> <button type="button" class="button" data-copy="#redirect-uri">'
            "<span data-copy-label>Copy</span></button>"
        )
        return format_html(copied, admin_setup.redirect_uri(integration))

    @admin.display(description="Present client secret")
    def client_secret_state(self, integration: Integration) -> str:
        """Whether there is one; not what it is."""
        return "set" if integration.client_secret else "not set"

    @admin.display(description="Toolkit")
    def toolkit(self, integration: Integration) -> str:
        """For what an auth config is made at Composio."""
        broker = integration.provider.broker
        return broker.toolkit if broker else "-"

    @admin.display(description="Connections")
    def connections(self, integration: Integration) -> SafeString:
        """How many work, linked to the list."""
        return _linked("connection", integration, _health(integration).connections)

    @admin.display(description="Connects, last day")
    def connects(self, integration: Integration) -> SafeString:
        """How connecting went, linked to the attempts."""
        return _linked("connectattempt", integration, _health(integration).last_connects)

    @admin.display(description="Refreshes, last day")
    def refreshes(self, integration: Integration) -> SafeString:
        """How refreshing went, linked to each."""
        return _linked("refresh", integration, _health(integration).last_refreshes, "connection__integration")


def _health(integration: Integration) -> Health:
    known = getattr(integration, "health", None)
    return known if isinstance(known, Health) else admin_health.of_all().get(integration.pk, Health())


def _linked(model: str, integration: Integration, words: str, field: str = "integration") -> SafeString:
    if words == "-":
        return SafeString(words)
    query = urlencode({f"{field}__slug__exact": integration.pk})
    return format_html('<a href="{}?{}">{}</a>', reverse(f"admin:connections_{model}_changelist"), query, words)


def _connect_url(slug: str, return_to: str) -> str:
    return f"{reverse('connections:connect', args=[slug])}?{urlencode({'return_to': return_to})}"


def _own_tries(membership: Membership | None, integration: Integration) -> dict[str, Any]:
    """What came of the operator's own attempts, and what is connected in their workspace."""
    if membership is None:
        return {}
    attempts = ConnectAttempt.objects.of(membership.tenant).filter(integration=integration, user=membership.user)
    connections = Connection.objects.of(membership.tenant).filter(integration=integration, status__in=Connection.LIVE)
    return {"attempts": attempts[:SHOWN], "connections": connections.select_related("integration")[:SHOWN]}
