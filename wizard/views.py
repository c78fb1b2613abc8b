"""The wizard: page after page, review, launch. Everything a page is told is kept in the draft at once."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connections.byok import KeyForm
from deployments.launch import LaunchRefused
from deployments.layout import REVIEW, SubStep
from tenants.access import writer_required
from tenants.http import MemberRequest
from tenants.scoped import one_of
from wizard import accounts, forms, keep, phases
from wizard import draft as drafts
from wizard.forms import Details
from wizard.merge import Sender, Verdict
from wizard.models import Draft
from wizard.needs import Need, need, needs
from wizard.pages import address, is_skipped, pages
from wizard.parts import Parts
from wizard.review import review


@writer_required
@never_cache
@require_http_methods(["GET", "POST"])
def draft(request: MemberRequest, draft_id: UUID) -> HttpResponseBase:
    """One phase of the wizard; without a known one, on to where something is to do."""
    found, phase = _draft(request, draft_id), request.GET.get("phase", "")
    if found.deployment_id:
        return redirect("deployments:detail", found.deployment_id)
    page = pages(found).sub_step(phase)
    # Before anything else: what was typed is kept, also for a page that a newer release no longer has.
    if request.method == "POST" and page:
        keep.keep(found, page, request.POST, _sender(request), final=_goes_on(request))
    if (moved := drafts.keep_current(found)) is None:
        return redirect("wizard:tool", found.release.tool_id)
    if moved:
        return _moved(request, found, phase)
    if phase == REVIEW:
        return _review(request, found)
    if page is None:
        return redirect(address(found, phases.where_to_go_on(found)))
    return _answer(request, found, page) if request.method == "POST" else _show(request, found, page)


@writer_required
@require_POST
def save(request: MemberRequest, draft_id: UUID) -> HttpResponseBase:
    """Keep what is on the screen while it is being filled in; nothing is judged."""
    found = _draft(request, draft_id)
    if found.deployment_id:
        return redirect("deployments:detail", found.deployment_id)
    page = pages(found).sub_step(request.GET.get("phase", ""))
    if page is None:
        raise Http404
    kept, labels = keep.keep(found, page, request.POST, _sender(request)), phases.all_labels(found)
    context = {
        "marks": kept.marks,
        "disputed": [labels[name] for name in kept.named(Verdict.DISPUTED)],
        "left": [labels[name] for name in kept.named(Verdict.LEFT)],
        "url": address(found, page.id),
    }
    return TemplateResponse(request, "wizard/_saved.html", context)


@writer_required
@never_cache
@require_http_methods(["GET", "POST"])
def account(request: MemberRequest, draft_id: UUID, slug: str) -> HttpResponseBase:
    """One integration's row, which fetches itself when connections change; posted to, it takes a key."""
    found = _draft(request, draft_id)
    wanted = None if found.deployment_id else need(found, slug)
    page = next((page for page in pages(found).sub_steps if any(use.slug == slug for use in page.integrations)), None)
    if wanted is None or page is None:
        raise Http404
    refused = accounts.paste(found, wanted, request.POST, request.user) if request.method == "POST" else None
    context = {
        "draft": found,
        "row": Parts(found, request.user.email).row(slug, key=refused),
        "phase": page.id,
        "intent": accounts.intent_of(found),
    }
    return TemplateResponse(request, "wizard/page.html#draft-account", context, status=422 if refused else 200)


@writer_required
@require_POST
def discard(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """Throw the draft away; what was connected stays connected."""
    found = _draft(request, draft_id)
    if found.deployment_id:
        return redirect("deployments:detail", found.deployment_id)
    drafts.discard(found)
    messages.success(request, "Discarded. The accounts you connected stay connected.")
    return redirect("wizard:tool", found.release.tool_id)


def _show(request: MemberRequest, draft: Draft, page: SubStep) -> HttpResponse:
    if "check" not in request.GET:
        return _page(request, draft, page, forms.filled_in(draft))
    # Sent here because something stands against a launch: then the page says what.
    return _page(request, draft, page, forms.judged(draft, values=drafts.typed(draft)), told=True)


def _answer(request: MemberRequest, draft: Draft, page: SubStep) -> HttpResponse:
    """What a page was left with; its values are kept already."""
    posted, here = request.POST, address(draft, page.id)
    if (target := posted.get("go")) is not None:
        return redirect(address(draft, target if target in phases.names(draft) else page.id))
    if "use" in posted:
        name, _, position = posted["use"].partition(":")
        keep.use(draft, name, int(position) if position.isdecimal() else -1, _sender(request))
        return redirect(here)
    if "skip" in posted and page.optional:
        keep.go_through(draft, page, skip=True)
        return redirect(address(draft, phases.after(draft, page.id)))
    refused = _pasted(request, draft, page)
    keep.go_through(draft, page)
    if refused or phases.of_page(draft, page) or not _naming_holds(draft, page, posted):
        details = forms.judged(draft, posted if page.has("deployment_name") else {})
        return _page(request, draft, page, details, refused=refused, told=not refused, status=422)
    return redirect(here if "paste" in posted else address(draft, phases.after(draft, page.id)))


def _review(request: MemberRequest, draft: Draft) -> HttpResponse:
    if request.method == "GET":
        context = {"review": review(draft), "hindrances": phases.hindrances(draft)}
        return TemplateResponse(request, "wizard/review.html", _frame(draft, REVIEW) | context)
    refusal = next((hindrance.sentence for hindrance in phases.hindrances(draft)), "")
    try:
        if not refusal:
            return redirect("deployments:detail", drafts.launch(draft, request.user).pk)
    except LaunchRefused as error:
        refusal = error.message
    messages.error(request, refusal)
    mended_at = next((hindrance.phase for hindrance in phases.hindrances(draft)), "")
    return redirect(address(draft, mended_at, check="1") if mended_at else address(draft, REVIEW))


def _moved(request: MemberRequest, draft: Draft, phase: str) -> HttpResponse:
    """To the same phase of the release that replaced the draft's, if it has one."""
    tool, version = draft.release.tool.name, draft.release.version
    messages.info(request, f"{tool} {version} has replaced the release you began with. What you filled in is kept.")
    there = phase if phase in phases.names(draft) else phases.where_to_go_on(draft)
    return redirect(address(draft, there))


def _pasted(request: MemberRequest, draft: Draft, page: SubStep) -> dict[str, KeyForm]:
    """Try the keys that stand on the page. slug → form with what is wrong."""
    asked = {use.slug for use in page.integrations}
    wanted = request.POST.get("paste")
    found = [need for need in needs(draft) if need.integration.slug in asked]
    # A button without a key gets an answer too.
    typed = [need for need in found if accounts.has_key(need, request.POST) or need.integration.slug == wanted]
    tried = {need.integration.slug: accounts.paste(draft, need, request.POST, request.user) for need in typed}
    return {slug: form for slug, form in tried.items() if form}


def _naming_holds(draft: Draft, page: SubStep, posted: Mapping[str, Any]) -> bool:
    """The draft holds name and address cut to size; what was sent may be longer."""
    return not page.has("deployment_name") or not forms.judged(draft, posted).naming.errors


def _page(
    request: MemberRequest,
    draft: Draft,
    page: SubStep,
    details: Details,
    *,
    refused: Mapping[str, KeyForm] = {},
    told: bool = False,
    status: int = 200,
) -> HttpResponse:
    parts = Parts(draft, request.user.email)

    def explained(need: Need) -> Need:
        problem = phases.hindered(need, draft.release.tool.name) if told and need.missing else ""
        return replace(need, problem=problem)

    rows = [
        parts.row(use.slug, problem=explained, key=refused.get(use.slug))
        for use in page.integrations
        if need(draft, use.slug)
    ]
    blocks = parts.blocks(page, details, {row.need.integration.slug: row for row in rows})
    context = {
        "page": page,
        "blocks": blocks,
        "alone": len(blocks) == 1,
        "skipped": is_skipped(draft, page),
        "tab": secrets.token_hex(8),
        "intent": accounts.intent_of(draft),
        # Nothing but accounts: the page can go on by itself once they are all there.
        "moves_on": all(block.type == "integration" for block in blocks),
    }
    return TemplateResponse(request, "wizard/page.html", _frame(draft, page.id) | context, status=status)


def _frame(draft: Draft, phase: str) -> dict[str, Any]:
    return {
        "draft": draft,
        "tool": draft.release.tool,
        "phase": phase,
        "progress": phases.progress(draft, phase),
        "back": phases.before(draft, phase),
    }


def _draft(request: MemberRequest, draft_id: UUID) -> Draft:
    rows = Draft.objects.of(request.tenant).select_related("release__tool", "tenant")
    found: Draft = one_of(rows, pk=draft_id)
    return found


def _sender(request: MemberRequest) -> Sender:
    return Sender.of(request.POST, request.user.email)


def _goes_on(request: MemberRequest) -> bool:
    """Whether somebody pressed Continue, and not another of the page's buttons."""
    return not {"go", "use", "skip", "paste"} & request.POST.keys()
