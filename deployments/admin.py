"""Django admin for tools, deployments, apps and keys. Hashes, variables' values and payloads are not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from connections.admin import Readable
from deployments import bindings, keys
from deployments.admin_releases import ReleaseAdmin, ToolAdmin
from deployments.models import ApiKey, App, Binding, DeployLog, Deployment, EnvironmentVariable, Event

__all__ = ["ReleaseAdmin", "ToolAdmin"]


@admin.register(App)
class AppAdmin(Readable):
    """What holds keys and bindings."""

    list_display = ("name", "kind", "tenant", "created_at")
    list_filter = ("kind",)
    search_fields = ("name", "tenant__slug")
    list_select_related = ("tenant",)
    fields = ("id", "tenant", "kind", "name", "allowed_origins", "created_at")


@admin.register(ApiKey)
class ApiKeyAdmin(Readable):
    """Keys by their first characters. They can be revoked here, and nothing else."""

    list_display = ("name", "prefix", "scope", "tenant", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("scope",)
    search_fields = ("name", "prefix", "tenant__slug")
    list_select_related = ("tenant",)
    fields = (
        "id",
        "tenant",
        "scope",
        "app",
        "connection",
        "name",
        "prefix",
        "created_by",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change keys in principle."""
        return request.user.has_perm("deployments.change_apikey")

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        """They are refused from the next request on."""
        for key in chosen:
            keys.revoke(key)


@admin.register(Binding)
class BindingAdmin(Readable):
    """Which app uses which connection. Bindings can be taken away here."""

    list_display = ("app", "integration", "connection", "tenant", "created_at")
    list_filter = ("integration",)
    list_select_related = ("app", "integration", "connection__integration", "tenant")
    fields = ("tenant", "app", "integration", "connection", "created_at")
    actions = ("unbind",)

    def has_unbind_permission(self, request: HttpRequest) -> bool:
        """Whoever may change bindings in principle."""
        return request.user.has_perm("deployments.change_binding")

    @admin.action(description="Take the selected bindings away", permissions=["unbind"])
    def unbind(self, request: HttpRequest, chosen: QuerySet[Binding]) -> None:
        """The apps hear of it."""
        for binding in chosen.select_related("app"):
            bindings.unbind(binding.app, binding.integration_id)


class VariableInline(admin.TabularInline[EnvironmentVariable, Deployment]):
    """The variables a tool has, by name."""

    model = EnvironmentVariable
    fields = readonly_fields = ("name", "kind", "integration")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False


class LogInline(admin.TabularInline[DeployLog, Deployment]):
    """What the pipeline did."""

    model = DeployLog
    fields = readonly_fields = ("step", "level", "outcome", "message", "started_at", "finished_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False


@admin.register(Deployment)
class DeploymentAdmin(Readable):
    """Running instances, and how far their pipeline has come."""

    list_display = ("name", "slug", "tenant", "release", "status", "desired_state", "current_step", "updated_at")
    list_filter = ("status", "desired_state")
    search_fields = ("name", "slug", "tenant__slug")
    list_select_related = ("tenant", "release")
    fields = (
        "id",
        "tenant",
        "app",
        "release",
        "slug",
        "name",
        "status",
        "desired_state",
        "current_step",
        "failure",
        "port",
        "url",
        "created_by",
        "created_at",
        "updated_at",
        "lease_until",
    )
    inlines = (VariableInline, LogInline)


@admin.register(Event)
class EventAdmin(Readable):
    """The outbox."""

    list_display = ("sequence", "id", "kind", "tenant", "app", "at")
    list_filter = ("kind",)
    list_select_related = ("tenant", "app")
    fields = ("sequence", "id", "tenant", "app", "kind", "payload", "at")
