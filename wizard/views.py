"""The wizard: connect, details, review, launch. Everything a step is told is kept in the draft at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.launch import LaunchRefused
from tenants.access import writer_required
from tenants.http import MemberRequest
from tenants.scoped import one_of
from wizard import draft as drafts
from wizard import forms, steps
from wizard.draft import Need
from wizard.models import Draft
from wizard.receivers import intent_of

# Which step can mend what a launch was refused for; everything else is seen on the review.
MENDED_AT: Mapping[str, str] = {
    "INVALID_SLUG": steps.DETAILS,
    "SLUG_TAKEN": steps.DETAILS,
    "INVALID_INPUT": steps.DETAILS,
    "MISSING_BINDING": steps.CONNECT,
    "UNKNOWN_BINDING": steps.CONNECT,
}


@writer_required
@require_GET
def resume(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """Go on where something is still to do."""
    draft = _draft(request, draft_id)
    return redirect("wizard:step", draft.pk, next(iter(steps.unsettled(draft)), steps.REVIEW))


@writer_required
@never_cache
@require_http_methods(["GET", "POST"])
def step(request: MemberRequest, draft_id: UUID, name: str) -> HttpResponseBase:
    """One step of the wizard. A draft that was launched leads to what became of it."""
    draft = _draft(request, draft_id)
    if draft.deployment_id:
        return redirect("deployments:detail", draft.deployment_id)
    if name not in STEPS:
        raise Http404
    if not drafts.keep_current(draft):
        return redirect("wizard:tool", draft.release.tool_id)
    if name not in steps.names(draft):
        return redirect("wizard:step", draft.pk, steps.names(draft)[0])
    return STEPS[name](request, draft)


@writer_required
@require_POST
def autosave(request: MemberRequest, draft_id: UUID, name: str) -> HttpResponseBase:
    """Keep what is on the screen while it is being filled in; nothing is judged."""
    draft = _draft(request, draft_id)
    if draft.deployment_id:
        return redirect("deployments:detail", draft.deployment_id)
    match name:
        case steps.CONNECT:
            drafts.select(draft, _choices(drafts.needs(draft), request.POST))
        case steps.DETAILS:
            forms.keep(draft, request.POST)
        case _:
            raise Http404
    return TemplateResponse(request, "wizard/frame.html#draft-saved", {"draft": draft, "step": name, "saved": True})


@writer_required
@require_GET
def account(request: MemberRequest, draft_id: UUID, slug: str) -> HttpResponseBase:
    """One row of the Connect step, which fetches itself when connections change."""
    draft = _draft(request, draft_id)
    need = drafts.need(draft, slug)
    if need is None or draft.deployment_id:
        raise Http404
    context = {"draft": draft, "need": need, "intent": intent_of(draft)}
    return TemplateResponse(request, "wizard/connect.html#draft-account", context)


@writer_required
@require_POST
def discard(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """Throw the draft away; what was connected stays connected."""
    draft = _draft(request, draft_id)
    if draft.deployment_id:
        return redirect("deployments:detail", draft.deployment_id)
    drafts.discard(draft)
    messages.success(request, "Discarded. The accounts you connected stay connected.")
    return redirect("wizard:tool", draft.release.tool_id)


def _connect(request: MemberRequest, draft: Draft) -> HttpResponseBase:
    if request.method == "GET":
        return _page(request, draft, steps.CONNECT, needs=drafts.needs(draft), intent=intent_of(draft))
    drafts.select(draft, _choices(drafts.needs(draft), request.POST))
    needs = drafts.needs(draft)
    if not any(need.missing for need in needs):
        return redirect("wizard:step", draft.pk, steps.after(draft, steps.CONNECT))
    told = [_told(need, draft) if need.missing else need for need in needs]
    return _page(request, draft, steps.CONNECT, needs=told, intent=intent_of(draft), status=422)


def _details(request: MemberRequest, draft: Draft) -> HttpResponseBase:
    if request.method == "GET":
        # Sent here by a refused launch: then the fields say what is wrong with them.
        details = forms.judged(draft) if "check" in request.GET else forms.stored(draft)
        return _page(request, draft, steps.DETAILS, details=details)
    forms.keep(draft, request.POST)
    details = forms.judged(draft, request.POST)
    if not details.valid:
        return _page(request, draft, steps.DETAILS, details=details, status=422)
    return redirect("wizard:step", draft.pk, steps.after(draft, steps.DETAILS))


def _review(request: MemberRequest, draft: Draft) -> HttpResponseBase:
    if request.method == "GET":
        return _page(request, draft, steps.REVIEW, needs=drafts.needs(draft), inputs=[*forms.summary(draft)])
    try:
        deployment = drafts.launch(draft, request.user)
    except LaunchRefused as refusal:
        messages.error(request, refusal.message)
        where = reverse("wizard:step", args=[draft.pk, MENDED_AT.get(refusal.code, steps.REVIEW)])
        return redirect(f"{where}?check=1")
    return redirect("deployments:detail", deployment.pk)


STEPS: Mapping[str, Callable[[MemberRequest, Draft], HttpResponseBase]] = {
    steps.CONNECT: _connect,
    steps.DETAILS: _details,
    steps.REVIEW: _review,
}


def _draft(request: MemberRequest, draft_id: UUID) -> Draft:
    rows = Draft.objects.of(request.tenant).select_related("release__tool", "tenant")
    draft: Draft = one_of(rows, pk=draft_id)
    return draft


def _page(request: MemberRequest, draft: Draft, step: str, *, status: int = 200, **context: Any) -> HttpResponse:
    frame = {
        "draft": draft,
        "tool": draft.release.tool,
        "step": step,
        "progress": steps.progress(draft, step),
        "problems": steps.problems(draft) if step == steps.REVIEW else {},
        "back": steps.before(draft, step),
    }
    return TemplateResponse(request, f"wizard/{step}.html", frame | context, status=status)


def _choices(needs: list[Need], posted: QueryDict) -> dict[str, Any]:
    """What the Connect step's form says; integrations that it does not speak of stay as they are."""
    said = ((need, posted.get(f"connection-{need.integration.slug}")) for need in needs)
    return {need.integration.slug: drafts.connection_of(need, choice) for need, choice in said if choice is not None}


def _told(need: Need, draft: Draft) -> Need:
    """The same need, with what to do about it."""
    name, tool = need.integration.provider.name, draft.release.tool.name
    what = f"Choose a {name} account" if need.choices else f"Connect {name}"
    return replace(need, problem=f"{what} to go on: {tool} does not work without it.")
