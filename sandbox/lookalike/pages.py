"""Pages that are nobody's consent: the front door, and the places that the APIs' links lead to."""

from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from lookalike.accounts import PEOPLE
from lookalike.pasted import BOTS, KEYS
from lookalike.providers import GOOGLE, LOOKALIKES, NOTION

STYLE = Path(__file__).parent / "style.css"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this is."""
    keys = [("OpenAI key", key.owner, key.text, "limited" if key.limited else "") for key in KEYS]
    keys += [("Telegram bot", bot.owner, bot.token, f"@{bot.username}") for bot in BOTS]
    context = {"providers": LOOKALIKES.values(), "people": PEOPLE.values(), "keys": keys}
    return render(request, "lookalike/home.html", context)


@require_GET
def notion_place(request: HttpRequest, plain_id: str) -> HttpResponse:
    """Where a database's `url` leads."""
    for person in PEOPLE.values():
        for row in person.databases:
            if row.id.replace("-", "") == plain_id:
                context = {"provider": NOTION, "title": row.title, "where": person.workspace}
                return render(request, "lookalike/place.html", context)
    raise Http404


@require_GET
def drive_place(request: HttpRequest, file_id: str) -> HttpResponse:
    """Where a file's `webViewLink` leads."""
    for person in PEOPLE.values():
        for row in person.files:
            if row.id == file_id:
                context = {"provider": GOOGLE, "title": row.name, "where": f"{person.name}’s Drive"}
                return render(request, "lookalike/place.html", context)
    raise Http404


@require_GET
@cache_control(max_age=300)
def style(request: HttpRequest) -> HttpResponse:
    """The one stylesheet."""
    return HttpResponse(_style(), content_type="text/css; charset=utf-8")


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """Serving."""
    return JsonResponse({"status": "ok"})


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")
