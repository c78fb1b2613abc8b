"""The request as our views see it."""

from django.http import HttpRequest as DjangoRequest
from django_htmx.middleware import HtmxDetails

from tenants.models import Membership, Tenant, User


class HttpRequest(DjangoRequest):
    """Any request: `tenant` and `membership` are None for the signed-out and for people without a workspace."""

    tenant: Tenant | None
    membership: Membership | None
    htmx: HtmxDetails


class MemberRequest(HttpRequest):
    """A request behind `member_required`: somebody signed in, inside a workspace."""

    user: User
    tenant: Tenant
    membership: Membership
