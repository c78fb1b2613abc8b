"""What people write to a bot, on its way to the bot's webhook: https://core.telegram.org/bots/api#setwebhook."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPException
from itertools import count
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from lookalike import control
from lookalike.pasted import BOTS, Bot

PATIENCE = 30  # seconds
_updates = count(int(time.time()))  # a restart does not begin with numbers that were used
_messages = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An update that was sent, and what the webhook answered: status 0 where it did not."""

    update_id: int
    status: int
    answer: str


class _Nowhere(HTTPRedirectHandler):
    """Telegram does not follow redirects of a webhook."""

    def redirect_request(self, *_: Any) -> None:
        """Leave it at that."""


def write(username: str, text: str, update_id: int | None = None) -> Sent:
    """Somebody writes to the bot. With the number of an update that was sent before, that is sent once more.

    ValueError where there is no such bot, or it has no webhook.
    """
    bot = next((bot for bot in BOTS if bot.username == username), None)
    if bot is None:
        raise ValueError(f"There is no such bot. There are: {', '.join(bot.username for bot in BOTS)}.")
    hook = control.webhooks.get(bot.id)
    if hook is None:
        raise ValueError(f"@{username} has no webhook. Deploy a tool that sets one.")
    number = next(_updates) if update_id is None else update_id
    status, answer = _post(hook.url, hook.secret, _update(bot, text, number))
    hook.last_error = "" if 200 <= status < 300 else f"Wrong response from the webhook: {status}"
    return Sent(update_id=number, status=status, answer=answer)


def _update(bot: Bot, text: str, number: int) -> dict[str, Any]:
    person = {"id": 9000 + bot.id % 100, "is_bot": False, "first_name": bot.owner.name}
    chat = {"id": person["id"], "first_name": bot.owner.name, "type": "private"}
    message = {"message_id": next(_messages), "from": person, "chat": chat, "date": int(time.time()), "text": text}
    return {"update_id": number, "message": message}


def _post(url: str, secret: str, update: dict[str, Any]) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["X-Telegram-Bot-Api-Secret-Token"] = secret
    request = Request(url, json.dumps(update).encode(), headers)  # noqa: S310  (setWebhook took http and https alone)
    try:
        with build_opener(ProxyHandler({}), _Nowhere()).open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, HTTPException):
        return 0, ""
