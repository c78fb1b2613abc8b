"""Providers that people ask for: asking, and taking it back. Operators answer in the admin."""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from connections import audit
from connections.errors import ConnectionsError
from connections.models import Integration, IntegrationRequest
from tenants.models import Membership, Tenant, User

MOST_OPEN = 10  # requests of one workspace that nobody has looked at
SHOWN = 30
COMPARED = 80  # characters; a ligature is one of a name, and up to three of what is compared


class RequestRefused(ConnectionsError):
    """Asked for already, or one too many. `field` is the form's, None for the whole."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field


def compared(name: str) -> str:
    """What two names of one provider have in common: "Google Drive" and "google-drive" are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())[:COMPARED]


def integration_named(name: str) -> Integration | None:
    """The one that people can see and that is called so."""
    for integration in Integration.objects.filter(enabled=True):
        if compared(name) in {compared(integration.slug), compared(integration.provider.name)}:
            return integration
    return None


def ask(wanted: IntegrationRequest, tenant: Tenant, by: User) -> None:
    """Store a request that was filled in. Raises `RequestRefused`."""
    wanted.tenant, wanted.asked_by, wanted.name_key = tenant, by, compared(wanted.name)
    theirs = IntegrationRequest.objects.of(tenant)
    if theirs.filter(status=IntegrationRequest.Status.OPEN).count() >= MOST_OPEN:
        raise RequestRefused(
            None, f"{MOST_OPEN} requests of this workspace wait for an answer. Withdraw one, or ask again later."
        )
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError as error:
        raise RequestRefused("name", f"Your workspace has asked for {wanted.name} already: see below.") from error


def withdraw(wanted: IntegrationRequest, by: User) -> None:
    """Take it back. That it was is kept in the log, for the operator who may have begun."""
    with transaction.atomic():
        audit.note(by, wanted, "withdrew the request")
        wanted.delete()


def may_withdraw(wanted: IntegrationRequest, membership: Membership | None) -> bool:
    """Who asked may; an owner too, since who asked may have left."""
    if membership is None or not membership.may_write or not wanted.pending:
        return False
    return membership.role == Membership.Role.OWNER or membership.user_id == wanted.asked_by_id


def shown(tenant: Tenant) -> QuerySet[IntegrationRequest]:
    """What the workspace asked for last, newest first."""
    rows: QuerySet[IntegrationRequest] = IntegrationRequest.objects.of(tenant).select_related("asked_by")[:SHOWN]
    return rows
