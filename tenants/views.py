"""Pages about the workspace itself."""

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from tenants.access import public, signed_in
from tenants.forms import WelcomeForm
from tenants.http import HttpRequest
from tenants.models import User
from tenants.workspaces import create_workspace, suggest_slug


@signed_in
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponseBase:
    """First sign-in: name the workspace and choose its address, then go on to where one wanted to be."""
    assert isinstance(request.user, User)
    tenant = request.tenant or create_workspace(request.user)
    if tenant.slug:
        return redirect(_next(request))
    suggestion = {"slug": suggest_slug(tenant)}
    form = WelcomeForm(request.POST or None, instance=tenant, initial=suggestion)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(_next(request))
    status = 422 if form.errors else 200
    return TemplateResponse(request, "tenants/welcome.html", {"form": form, "next": _next(request)}, status=status)


@public
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in to the demo workspace with one click; exists only in a demo."""
    if not settings.DEMO:
        raise Http404
    user = get_user_model().objects.filter(email=settings.DEMO_EMAIL).first()
    if user is None:
        raise Http404("The demo data is not loaded: run `manage.py load_demo`.")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect(_next(request))


def _next(request: HttpRequest) -> str:
    """The page to go on to; only our own pages count."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    return wanted if safe else "/"
