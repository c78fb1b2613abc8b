"""The log tab of a deployment: what the tool wrote, which goes on while one looks, and what the deploys did."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from deployments import log_lines
from deployments.models import Deployment
from deployments.pages import deployment_of, tab_page
from tenants.access import member_required
from tenants.fragments import fragments
from tenants.http import MemberRequest

LAST = 500  # lines on a page; the download has all
LONGEST_SEARCH = 200  # characters


@member_required
@require_GET
@never_cache
@fragments("deployment-output")
def output(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """The end of what the tool wrote, or the last lines in which something was found."""
    deployment, words = deployment_of(request, deployment_id), _words(request)
    # A search looks through everything that is kept.
    written = log_lines.output(deployment, last=None if words else LAST)
    found = log_lines.matching(written.lines, words)
    lines = [log_lines.marked(line, words) for line in found[-LAST:]]
    said: dict[str, Any] = {"position": written.position, "found": len(found), "words": words}
    return tab_page(request, deployment, "logs", log="output", lines=lines, **said)


@member_required
@require_GET
@never_cache
def output_since(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What came after the position `since`; static/js/tail.js asks for it again and again."""
    deployment, words = deployment_of(request, deployment_id), _words(request)
    written = log_lines.output(deployment, since=request.GET.get("since", ""), last=LAST)
    lines = [log_lines.marked(line, words) for line in log_lines.matching(written.lines, words)]
    context = {"lines": lines, "position": written.position, "gap": written.gap}
    return TemplateResponse(request, "deployments/_more_output.html", context)


@member_required
@require_GET
@never_cache
def output_download(request: MemberRequest, deployment_id: UUID) -> HttpResponse:
    """All that is kept of what the tool wrote, as a text file."""
    deployment = deployment_of(request, deployment_id)
    return _file(deployment, "output", log_lines.output(deployment).lines)


@member_required
@require_GET
@never_cache
@fragments("deployment-log")
def deploy_log(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What the deploys and everything after them did, step by step."""
    deployment, words = deployment_of(request, deployment_id), _words(request)
    entries = [entry for entry in deployment.logs.all() if log_lines.matching(log_lines.told(entry), words)]
    return tab_page(request, deployment, "logs", log="deploy", entries=entries[-LAST:], found=len(entries), words=words)


@member_required
@require_GET
@never_cache
def deploy_log_download(request: MemberRequest, deployment_id: UUID) -> HttpResponse:
    """The whole deploy log as a text file."""
    deployment = deployment_of(request, deployment_id)
    entries = deployment.logs.all()
    return _file(deployment, "deploy", [line for entry in entries for line in log_lines.told(entry)])


def _words(request: MemberRequest) -> str:
    return request.GET.get("q", "").strip()[:LONGEST_SEARCH]


def _file(deployment: Deployment, kind: str, lines: list[str]) -> HttpResponse:
    """A file to keep, and never a page of ours: a tool may write markup."""
    text = "".join(f"{line}\n" for line in lines)
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(deployment.slug)}-{kind}.log"'
    return response
