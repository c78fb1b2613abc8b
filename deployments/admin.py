"""Django admin for tools, deployments, apps and keys. Hashes, variables' values and payloads are not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from connections.admin_rows import ANYWHERE, Decidable, Readable
from deployments import bindings, keys
from deployments.admin_releases import ReleaseAdmin, ToolAdmin
from deployments.models import Activity, ApiKey, App, Binding, DeployLog, Deployment, EnvironmentVariable, Event

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
class ApiKeyAdmin(Decidable):
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

    @admin.action(
        description="Revoke the key",
        description_plural="Revoke the selected keys",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> HttpResponse:
        """They are refused from the next request on."""
        consequence = "Programs that use them are refused from the next request on. This can't be undone."
        if page := self.ask(request, chosen, "revoke", consequence):
            return page
        rows = list(chosen)
        working = [key for key in rows if key.revoked_at is None]
        for key in working:
            keys.revoke(key, by=request.user)  # type: ignore[arg-type]
        return self.done(request, len(working), len(rows), "revoked")


@admin.register(Binding)
class BindingAdmin(Decidable):
    """Which app uses which connection. Bindings can be taken away here."""

    list_display = ("app", "integration", "connection", "tenant", "created_at")
    list_filter = ("integration",)
    list_select_related = ("app", "integration", "connection__integration", "tenant")
    fields = ("tenant", "app", "integration", "connection", "created_at")
    actions = ("unbind",)

    @admin.action(
        description="Take the binding away",
        description_plural="Take the selected bindings away",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def unbind(self, request: HttpRequest, chosen: QuerySet[Binding]) -> HttpResponse:
        """The apps hear of it."""
        consequence = "The apps can't use these connections until somebody of the workspace binds them again."
        if page := self.ask(request, chosen, "unbind", consequence):
            return page
        rows = list(chosen.select_related("app", "connection__integration"))
        for binding in rows:
            bindings.unbind(binding.app, binding.integration_id, by=request.user)  # type: ignore[arg-type]
            self.log_change(request, binding.connection, f"Taken away from {binding.app}.")
        return self.done(request, len(rows), len(rows), "taken away")


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


@admin.register(Activity)
class ActivityAdmin(Readable):
    """The record of what people did to deployments, and what Vendo did by itself."""

    list_display = ("at", "actor_name", "action", "detail", "deployment", "tenant")
    list_filter = ("action",)
    search_fields = ("actor_name", "deployment__slug", "tenant__slug", "detail")
    list_select_related = ("deployment", "tenant")
    date_hierarchy = "at"
    fields = ("at", "actor_name", "action", "detail", "deployment", "tenant")
