"""Every view declares who may call it, with one of these decorators.

    public            anybody
    signed_in         somebody signed in, workspace or not
    member_required   somebody inside a workspace whose address is chosen
    writer_required   the same, and not a viewer
    key_required      a running tool with an API key (declared in deployments.runtime_api)

A test walks the URL resolver and fails for a view that is silent about it. Strangers to an object get a
404 from `tenants.scoped.one_of`; readers who try to write get a 403 from here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from tenants.http import HttpRequest

type View = Callable[..., HttpResponseBase]


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: neither a browser (which asks for HTML) nor htmx (which asks for anything)."""
    return not request.htmx and "text/html" not in request.headers.get("Accept", "")


def public(view: View) -> View:
    """Anybody may call this view."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Only people who are signed in; the others sign in first and come back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refusal = _refuse_signed_out(request)
        return refusal or view(request, *args, **kwargs)

    guarded.access = "signed_in"  # type: ignore[attr-defined]
    return guarded


def member_required(view: View) -> View:
    """Only members of a workspace; a new one chooses the workspace's address first and comes back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refusal = _refuse_signed_out(request) or _refuse_homeless(request)
        return refusal or view(request, *args, **kwargs)

    guarded.access = "member"  # type: ignore[attr-defined]
    return guarded


def writer_required(view: View) -> View:
    """Only owners and members; viewers get a 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refusal = _refuse_signed_out(request) or _refuse_homeless(request)
        if refusal:
            return refusal
        if request.membership is None or not request.membership.may_write:
            raise PermissionDenied(
                "You can look at this workspace but not change it. Ask its owner for the member role."
            )
        return view(request, *args, **kwargs)

    guarded.access = "writer"  # type: ignore[attr-defined]
    return guarded


def _refuse_signed_out(request: HttpRequest) -> HttpResponseBase | None:
    if request.user.is_authenticated:
        return None
    if wants_json(request):
        return JsonResponse({"error": "unauthorized"}, status=401)
    return redirect_to_login(_come_back(request), reverse(settings.LOGIN_URL))


def _refuse_homeless(request: HttpRequest) -> HttpResponseBase | None:
    if request.tenant is not None and request.tenant.slug:
        return None
    if wants_json(request):
        return JsonResponse({"error": "no_tenant"}, status=404)
    return redirect(f"{reverse('tenants:welcome')}?{urlencode({'next': _come_back(request)})}")


def _come_back(request: HttpRequest) -> str:
    """Where to land afterwards: this page, or the start page where repeating the request would be wrong."""
    return request.get_full_path() if request.method == "GET" and not request.htmx else "/"
