"""The switches over HTTP, for tests on the same machine."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from lookalike import control, telegram_updates, tokens
from lookalike.accounts import PEOPLE


def local(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For programs of this machine alone: not for the network, and not for a page that happens to be open here."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not _is_local(request):
            return _for_programs_here()
        try:
            return view(request)
        except ValueError as error:
            return JsonResponse({"error": str(error)}, status=400)

    return guarded


@local
@require_POST
def switches(request: HttpRequest) -> HttpResponse:
    """Turn switches; answers with all of them as they are now."""
    return JsonResponse(control.turn(json.loads(request.body or b"{}")))


@local
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Token requests by grant type."""
    return JsonResponse(control.log())


@local
@require_GET
def secrets(request: HttpRequest) -> HttpResponse:
    """What a test may look for in logs and tables, where none of it may be."""
    return JsonResponse({"secrets": control.remembered()})


@local
@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Everything back, and nothing counted."""
    control.reset()
    return JsonResponse({})


@local
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """A person takes back all access: refreshes get `invalid_grant`, the APIs 401. Keys are gone until a reset."""
    account = _account(request)
    tokens.withdraw(account)
    control.withdraw([account] if account else PEOPLE)
    return JsonResponse({})


@local
@require_POST
def expire(request: HttpRequest) -> HttpResponse:
    """A person's access tokens end now; refresh tokens go on working."""
    tokens.expire(_account(request))
    return JsonResponse({})


@csrf_exempt
@require_POST
async def message(request: HttpRequest) -> HttpResponse:
    """Somebody writes to a bot: `{"bot": "sandbox_ada_bot", "text": "Hello"}`; answers with what its webhook said.

    `update_id` sends that update once more.
    """
    if not _is_local(request):
        return _for_programs_here()
    try:
        asked = json.loads(request.body or b"{}")
        if not isinstance(asked, dict) or not isinstance(asked.get("update_id"), int | None):
            raise ValueError("Send a JSON object with bot, text and, if you like, update_id.")  # noqa: TRY004
        # On a thread of its own, since the tool may call this API before it answers.
        written = str(asked.get("bot")), str(asked.get("text")), asked.get("update_id")
        sent = await asyncio.to_thread(telegram_updates.write, *written)
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse(asdict(sent))


def _is_local(request: HttpRequest) -> bool:
    # Browsers name the page's origin with every POST that a page makes.
    return "Origin" not in request.headers and ip_address(request.META["REMOTE_ADDR"]).is_loopback


def _for_programs_here() -> HttpResponse:
    return JsonResponse({"error": "Only programs on the sandbox's own machine may do this."}, status=403)


def _account(request: HttpRequest) -> str | None:
    """`{"account": "ada"}`, or nothing for everybody."""
    asked = json.loads(request.body or b"{}")
    account = asked.get("account") if isinstance(asked, dict) else ""
    if account is not None and account not in PEOPLE:
        raise ValueError(f"There is no such account. There are: {', '.join(PEOPLE)}.")
    return account
