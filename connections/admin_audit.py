"""The audit log in Django admin: what operators did here, and what people did to their workspaces (audit.py)."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connections.admin_rows import Readable


class ByOperators(admin.BooleanFieldListFilter):
    """By those who may use the admin, or by the people of workspaces."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.title = "operator"


@admin.register(LogEntry)
class AuditAdmin(Readable):
    """Who did what. Nobody can change it here, operators neither."""

    list_display = ("action_time", "user", "words", "what", "content_type")
    list_display_links = ("action_time",)
    list_filter = (("user__is_staff", ByOperators), "action_flag", ("content_type", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "content_type")
    search_fields = ("user__email", "object_repr", "change_message")
    date_hierarchy = "action_time"
    fields = ("action_time", "user", "content_type", "object_id", "what", "words")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Under the name by which it is looked for."""
        return super().changelist_view(request, {"title": "Audit log", **(extra_context or {})})

    @admin.display(description="What it was done to")
    def what(self, entry: LogEntry) -> SafeString | str:
        """By the name it had, linked while there is a page for it."""
        address = None if entry.is_deletion() else entry.get_admin_url()
        return format_html('<a href="{}">{}</a>', address, entry.object_repr) if address else entry.object_repr

    @admin.display(description="What was done")
    def words(self, entry: LogEntry) -> str:
        """In words; names of fields, and never their values."""
        return entry.get_change_message() or entry.get_action_flag_display()
