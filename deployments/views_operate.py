"""What can be done to a deployment: a button each, and pages of their own for what wants a second look."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from connections import intents
from connections.intents import Intent
from deployments import operations
from deployments.farewell import Farewell, FarewellForm
from deployments.models import Deployment
from deployments.objections import OperationRefused, judge, judge_release
from deployments.pages import deployment_of
from deployments.upgrades import upgrade_to
from tenants.access import writer_required
from tenants.http import MemberRequest
from tenants.models import User

type Verb = Callable[[Deployment, User], None]

VERBS: dict[str, Verb] = {
    "restart": operations.restart,
    "suspend": operations.suspend,
    "resume": operations.resume,
    "rollback": operations.rollback,
    "retry": operations.retry,
}


@writer_required
@require_POST
def operate(request: MemberRequest, deployment_id: UUID, verb: str) -> HttpResponse:
    """One of the verbs that need no second look. htmx is told in its own way: the page hears of the rest by itself."""
    deployment = deployment_of(request, deployment_id)
    try:
        VERBS[verb](deployment, request.user)
    except OperationRefused as refusal:
        if request.htmx:
            return JsonResponse({"error": refusal.code, "message": refusal.message}, status=409)
        messages.info(request, refusal.message)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Trigger": f"deployment-{deployment.pk}-changed"})
    return redirect("deployments:detail", deployment.pk)


@writer_required
@require_http_methods(["GET", "POST"])
def destroy(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What goes and what stays; and, once its slug has been typed, the end."""
    deployment = deployment_of(request, deployment_id)
    form = FarewellForm(deployment, request.POST if request.method == "POST" else None)
    try:
        judge(deployment, Deployment.Operation.DESTROY)
        if request.method == "POST" and form.is_valid():
            operations.destroy(deployment, request.user)
            return redirect("deployments:detail", deployment.pk)
    except OperationRefused as refusal:
        return _back(request, deployment, refusal)
    context = {"deployment": deployment, "form": form, "farewell": Farewell.of(deployment)}
    return TemplateResponse(request, "deployments/destroy.html", context, status=422 if form.errors else 200)


@writer_required
@require_http_methods(["GET", "POST"])
def upgrade(request: MemberRequest, deployment_id: UUID) -> HttpResponseBase:
    """What the tool's present version brings and asks for."""
    deployment = deployment_of(request, deployment_id)
    try:
        judge(deployment, Deployment.Operation.UPGRADE)
        plan = upgrade_to(deployment, judge_release(deployment, None))
        form = plan.form(request.POST or None)
        # Nobody moves to another version than the one that was shown.
        if request.POST.get("release") == str(plan.release.pk) and form.is_valid():
            operations.upgrade(deployment, request.user, release=plan.release, answers=form.cleaned_data)
            return redirect("deployments:detail", deployment.pk)
    except OperationRefused as refusal:
        return _back(request, deployment, refusal)
    intent = intents.sign(Intent("app", str(deployment.app_id)))
    context = {"deployment": deployment, "form": form, "plan": plan, "intent": intent}
    return TemplateResponse(request, "deployments/upgrade.html", context, status=422 if form.errors else 200)


def _back(request: MemberRequest, deployment: Deployment, refusal: OperationRefused) -> HttpResponse:
    messages.info(request, refusal.message)
    return redirect("deployments:detail", deployment.pk)
