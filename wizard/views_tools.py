"""The start page, the tools, and the way into the wizard."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from deployments.models import Deployment, Tool
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from wizard import draft as drafts
from wizard import phases
from wizard.offers import offer, offers
from wizard.overview import overview
from wizard.pages import address


@member_required
@require_GET
@fragments("home-state")
def home(request: MemberRequest) -> HttpResponseBase:
    """Where everything stands, and what to do next."""
    return TemplateResponse(request, "wizard/home.html", {"overview": overview(request.tenant, request.user)})


@member_required
@require_GET
def tools(request: MemberRequest) -> HttpResponseBase:
    """Everything that can be deployed."""
    begun = {draft.release.tool_id: draft for draft in drafts.unfinished(request.tenant, request.user).reverse()}
    shelf = [(found, begun.get(found.tool.pk)) for found in offers()]
    return TemplateResponse(request, "wizard/tools.html", {"shelf": shelf})


@member_required
@require_GET
def tool(request: MemberRequest, slug: str) -> HttpResponseBase:
    """One tool: what it does, what it connects to, what it will ask, and where it runs already."""
    found = get_object_or_404(Tool, pk=slug)
    mine = Deployment.objects.of(request.tenant).filter(release__tool=found)
    context = {
        "tool": found,
        "offer": offer(found),
        "draft": drafts.unfinished(request.tenant, request.user).filter(release__tool=found).first(),
        "deployments": mine.exclude(status=Deployment.Status.DESTROYED),
    }
    return TemplateResponse(request, "wizard/tool.html", context)


@writer_required
@require_POST
def start(request: MemberRequest, slug: str) -> HttpResponse:
    """Begin a draft, and on to its first step."""
    found = get_object_or_404(Tool, pk=slug)
    release = found.active_release
    if release is None:
        return redirect("wizard:tool", slug)
    draft = drafts.start(request.tenant, request.user, release)
    return redirect(address(draft, phases.names(draft)[0]))
