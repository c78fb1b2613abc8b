"""What tenants connected, how they tried, and how refreshing goes, in Django admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from connections import connect
from connections.admin_health import NO_FAILURES
from connections.admin_rows import ANYWHERE, Decidable, Readable
from connections.credentials import mark_needs_reauth
from connections.errors import CredentialError
from connections.models import ConnectAttempt, Connection, Refresh

TESTS = 10  # at a time, one after the other: a provider that does not answer takes twenty seconds
IN_USE = admin.RelatedOnlyFieldListFilter  # those that there is a row of
ASKED = "Whoever operates Vendo here asks for this account to be connected anew."


@admin.register(Connection)
class ConnectionAdmin(Decidable):
    """What tenants connected, without their credentials."""

    list_display = ("display_name", "integration", "tenant", "status", "error_message", "connected_at")
    list_filter = ("status", ("integration", IN_USE), "profile")
    search_fields = ("display_name", "external_id", "tenant__slug", "tenant__name")
    list_select_related = ("integration", "tenant")
    date_hierarchy = "connected_at"
    # By name, never "all but": a secret that is added to the model must not turn up here by itself.
    fields = (
        "id",
        "tenant",
        "integration",
        "profile",
        "status",
        "error_message",
        "external_id",
        "display_name",
        "account_id",
        "granted_scopes",
        "connected_at",
        "refreshed_at",
        "expires_at",
        "watched_at",
    )
    actions = ("test", "mark_for_reauth", "disconnect")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """With what names them."""
        rows: QuerySet[Connection] = super().get_queryset(request)
        return rows.select_related("integration", "tenant")

    @admin.action(
        description="Test the connection",
        description_plural="Test the selected connections",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def test(self, request: HttpRequest, chosen: QuerySet[Connection]) -> HttpResponse:
        """Ask each provider; what it says is what the status becomes."""
        consequence = "Each provider is asked whether the credential works. What it says becomes the status."
        if page := self.ask(request, chosen, "test", consequence, most=TESTS):
            return page
        for connection in chosen:
            words, level = _tested(connection)
            self.log_change(request, connection, f"Tested: {words}")
            self.message_user(request, f"{connection}: {words}", level)
        return self.back(request)

    @admin.action(
        description="Mark for re-authentication",
        description_plural="Mark the selected connections for re-authentication",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def mark_for_reauth(self, request: HttpRequest, chosen: QuerySet[Connection]) -> HttpResponse:
        """Their people must connect anew; nothing is wiped or unbound."""
        consequence = (
            "Tools get no token from these until somebody of the workspace connects them anew, in place: what is "
            "bound stays bound. Those that do not work as it is stay as they are."
        )
        if page := self.ask(request, chosen, "mark_for_reauth", consequence):
            return page
        marked = [row for row in chosen if mark_needs_reauth(row, ASKED)]
        for connection in marked:
            self.log_change(request, connection, "Marked for re-authentication.")
        return self.done(request, len(marked), len(chosen), "marked for re-authentication")

    @admin.action(
        description="Revoke: disconnect it",
        description_plural="Revoke: disconnect the selected connections",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def disconnect(self, request: HttpRequest, chosen: QuerySet[Connection]) -> HttpResponse:
        """Secrets are wiped, and the apps that used them hear of it."""
        consequence = (
            "Their secrets are wiped here and given up at the provider, and the tools that use them lose them at once. "
            "This can't be undone: the accounts must be connected and bound again."
        )
        if page := self.ask(request, chosen, "disconnect", consequence):
            return page
        rows = list(chosen)
        live = [row for row in rows if row.live]
        for connection in live:
            connect.disconnect(connection, by=request.user)  # type: ignore[arg-type]
        return self.done(request, len(live), len(rows), "disconnected")


def _tested(connection: Connection) -> tuple[str, int]:
    """How it went, in words, and how bad that is."""
    try:
        connect.test(connection)
    except CredentialError as error:
        return error.message, messages.ERROR
    return "it works.", messages.SUCCESS


class OutcomeFilter(admin.SimpleListFilter):
    """How attempts ended: each way that occurs, all failures together, and those that did not end."""

    title = parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be chosen."""
        ended = ConnectAttempt.everyone.exclude(outcome="").order_by("outcome")
        outcomes = ended.values_list("outcome", flat=True).distinct()
        return [("failed", "all that failed"), ("open", "not finished"), *((name, name) for name in outcomes)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConnectAttempt]) -> QuerySet[ConnectAttempt]:
        """What was chosen."""
        match self.value():
            case None:
                return queryset
            case "failed":
                return queryset.exclude(outcome__in=NO_FAILURES)
            case "open":
                return queryset.filter(outcome="")
            case outcome:
                return queryset.filter(outcome=outcome)


@admin.register(ConnectAttempt)
class ConnectAttemptAdmin(Readable):
    """Why a connect failed."""

    list_display = ("created_at", "integration", "outcome_in_words", "detail", "tenant", "user")
    list_filter = (OutcomeFilter, ("integration", IN_USE), "profile")
    search_fields = ("user__email", "tenant__slug", "detail")
    list_select_related = ("integration", "tenant", "user")
    date_hierarchy = "created_at"
    fields = (
        "id",
        "tenant",
        "user",
        "integration",
        "profile",
        "outcome",
        "detail",
        "connection",
        "target_origin",
        "created_at",
        "expires_at",
        "used_at",
    )

    @admin.display(description="Outcome", ordering="outcome")
    def outcome_in_words(self, attempt: ConnectAttempt) -> str:
        """Also for those that nobody came back from."""
        return attempt.outcome or "not finished"


@admin.register(Refresh)
class RefreshAdmin(Readable):
    """Each time of the last day that a provider was asked for a new token."""

    list_display = ("at", "integration", "tenant", "connection_name", "outcome")
    list_filter = ("outcome", ("connection__integration", IN_USE))
    list_select_related = ("connection__integration", "connection__tenant")
    fields = ("connection", "at", "outcome")

    @admin.display(description="Integration", ordering="connection__integration")
    def integration(self, refresh: Refresh) -> str:
        """Whose token."""
        return str(refresh.connection.integration)

    @admin.display(description="Tenant", ordering="connection__tenant__name")
    def tenant(self, refresh: Refresh) -> str:
        """For whom."""
        return str(refresh.connection.tenant)

    @admin.display(description="Connection")
    def connection_name(self, refresh: Refresh) -> str:
        """As its tenant calls it."""
        return refresh.connection.display_name
