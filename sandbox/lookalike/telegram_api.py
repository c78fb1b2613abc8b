"""What a bot asks Telegram: https://core.telegram.org/bots/api, the methods that a first bot needs."""

import json
import re
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from lookalike import control, pasted
from lookalike.pasted import Bot
from lookalike.tokens import retry_after

TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]{30,}")
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
TOLD = "The sandbox was told to answer this"

_messages = count(1)


class Refused(Exception):
    """A call that the API answers with `ok: false`."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description

    def response(self) -> HttpResponse:
        """Telegram says how long to wait inside the body."""
        body: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.status == 429:
            body["parameters"] = {"retry_after": control.switches.retry_after_seconds}
        return JsonResponse(body, status=self.status, headers=retry_after(self.status))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def method(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """One of the methods, which go by their name without regard to case."""
    try:
        if (status := control.api_status()) != 200:
            raise Refused(status, TOLD)
        # What can't be a token is part of an address that does not exist.
        if not TOKEN.fullmatch(token):
            raise Refused(404, "Not Found")
        bot = pasted.bot(token)
        if bot is None:
            raise Refused(401, "Unauthorized")
        found = METHODS.get(name.lower())
        if found is None:
            raise Refused(404, "Not Found: method not found")
        return JsonResponse({"ok": True, "result": found(bot, _arguments(request))})
    except Refused as refused:
        return refused.response()


def _me(bot: Bot, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": bot.id,
        "is_bot": True,
        "first_name": bot.name,
        "username": bot.username,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


def _set_webhook(bot: Bot, asked: Mapping[str, Any]) -> bool:
    url, secret = str(asked.get("url") or ""), str(asked.get("secret_token") or "")
    if not SECRET.fullmatch(secret):
        raise Refused(400, "Bad Request: secret token contains unallowed characters")
    if not url:
        return _delete_webhook(bot, asked)
    if not _is_reachable(url):
        raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    control.remember(secret)
    control.webhooks[bot.id] = control.Webhook(url, secret)
    return True


def _is_reachable(url: str) -> bool:
    """The real one takes https alone; here a dashboard on the same machine will do."""
    address = urlsplit(url)
    return bool(address.hostname) and (
        address.scheme == "https"
        or (address.scheme == "http" and address.hostname in {"localhost", "127.0.0.1", "::1"})
    )


def _delete_webhook(bot: Bot, asked: Mapping[str, Any]) -> bool:
    control.webhooks.pop(bot.id, None)
    return True


def _webhook_info(bot: Bot, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    hook = control.webhooks.get(bot.id, control.Webhook("", ""))
    told = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": 0}
    return told | ({"last_error_message": hook.last_error} if hook.last_error else {})


def _updates(bot: Bot, asked: Mapping[str, Any]) -> list[Any]:
    if bot.id in control.webhooks:
        raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
    return []


def _send_message(bot: Bot, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    if not asked.get("chat_id") or not asked.get("text"):
        raise Refused(400, "Bad Request: message text is empty")
    chat = {"id": asked["chat_id"], "type": "private", "first_name": bot.owner.name}
    return {
        "message_id": next(_messages),
        "from": {"id": bot.id, "is_bot": True, "first_name": bot.name, "username": bot.username},
        "chat": chat,
        "date": int(time.time()),
        "text": str(asked["text"]),
    }


METHODS: dict[str, Callable[[Bot, Mapping[str, Any]], Any]] = {
    "getme": _me,
    "setwebhook": _set_webhook,
    "deletewebhook": _delete_webhook,
    "getwebhookinfo": _webhook_info,
    "getupdates": _updates,
    "sendmessage": _send_message,
}


def _arguments(request: HttpRequest) -> Mapping[str, Any]:
    """From the query, a form or a JSON object."""
    asked: dict[str, Any] = request.GET.dict()
    if request.content_type != "application/json":
        return asked | request.POST.dict()
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise Refused(400, "Bad Request: can't parse JSON object") from None
    return asked | (found if isinstance(found, dict) else {})
