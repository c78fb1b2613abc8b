"""Puts the current tenant on the request."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest as DjangoRequest
from django.http import HttpResponse

from tenants.http import HttpRequest
from tenants.models import Membership

SESSION_KEY = "tenant_id"


class CurrentTenantMiddleware:
    """Sets `request.tenant` and `request.membership`: the workspace chosen in this session, else the person's first."""

    def __init__(self, get_response: Callable[[DjangoRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, django_request: DjangoRequest) -> HttpResponse:
        """Called for each request."""
        request = cast(HttpRequest, django_request)
        request.membership = self.membership(request)
        request.tenant = request.membership.tenant if request.membership else None
        return self.get_response(request)

    @staticmethod
    def membership(request: HttpRequest) -> Membership | None:
        """The membership this request acts under, or None."""
        if not request.user.is_authenticated:
            return None
        mine = Membership.objects.filter(user=request.user).select_related("tenant").order_by("id")
        chosen = request.session.get(SESSION_KEY)
        return (mine.filter(tenant_id=chosen).first() if chosen else None) or mine.first()
