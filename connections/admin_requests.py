"""The inbox of providers that people ask for, in Django admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from connections.models import IntegrationRequest

Status = IntegrationRequest.Status


class AnswerForm(forms.ModelForm[IntegrationRequest]):
    """What the workspace that asked is told."""

    class Meta:
        model = IntegrationRequest
        fields = ("status", "answer")

    def clean(self) -> None:
        """A refusal says why; and nothing waits twice."""
        given = self.cleaned_data
        if given.get("status") == Status.DECLINED and not given.get("answer"):
            self.add_error("answer", "Say why: it is all that those who asked will read.")
        if given.get("status") in IntegrationRequest.PENDING and self._waits_already():
            self.add_error("status", "Their workspace has asked for it once more, and that request waits: answer it.")

    def _waits_already(self) -> bool:
        wanted = self.instance
        waiting = IntegrationRequest.everyone.filter(tenant=wanted.tenant_id, name_key=wanted.name_key)
        return waiting.filter(status__in=IntegrationRequest.PENDING).exclude(pk=wanted.pk).exists()


@admin.register(IntegrationRequest)
class IntegrationRequestAdmin(admin.ModelAdmin[IntegrationRequest]):
    """What people ask for. It is answered here, and the page on which they asked shows the answer."""

    form = AnswerForm
    list_display = ("name", "status", "wanted_by", "tenant", "asked_by", "asked_at", "answered_at")
    list_filter = ("status", "auth_model")
    list_select_related = ("asked_by", "tenant")
    search_fields = ("name", "asked_by__email", "tenant__slug")
    date_hierarchy = "asked_at"
    readonly_fields = ("name", "wanted_by", "tenant", "asked_by", "asked_at", "auth_model", "docs", "variables", "note")
    fieldsets = ((None, {"fields": readonly_fields}), ("Answer", {"fields": ("status", "answer")}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntegrationRequest]:
        """With the number of workspaces that want the same."""
        rows: QuerySet[IntegrationRequest] = super().get_queryset(request)
        same = IntegrationRequest.everyone.filter(name_key=OuterRef("name_key")).order_by().values("name_key")
        wanting = same.annotate(count=Count("tenant", distinct=True)).values("count")
        return rows.annotate(workspaces=Subquery(wanting))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People ask on the Connections page."""
        return False

    def save_model(self, request: HttpRequest, obj: IntegrationRequest, form: Any, change: Any) -> None:
        """The answer alone, so that a request which is withdrawn at the same moment does not come back."""
        obj.answered_at = timezone.now() if obj.answer or obj.status != Status.OPEN else None
        answer = {name: getattr(obj, name) for name in ("status", "answer", "answered_at")}
        if not IntegrationRequest.everyone.filter(pk=obj.pk).update(**answer):
            self.message_user(request, "It was withdrawn in the meantime.", messages.WARNING)

    @admin.display(description="Workspaces that asked", ordering="workspaces")
    def wanted_by(self, wanted: IntegrationRequest) -> int:
        """However they wrote the name."""
        return int(getattr(wanted, "workspaces", 0))

    @admin.display(description="Documentation")
    def docs(self, wanted: IntegrationRequest) -> str:
        """Where the provider describes its API, as it was written."""
        link = '<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>'
        return format_html(link, wanted.docs_url) if wanted.docs_url.startswith("https://") else wanted.docs_url

    @admin.display(description="Variables that tools would read")
    def variables(self, wanted: IntegrationRequest) -> str:
        """By name."""
        return ", ".join(wanted.env_vars) or "-"
