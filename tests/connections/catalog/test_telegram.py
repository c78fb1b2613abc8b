"""Telegram: recorded facts, and what we make of them."""

import re
from unittest.mock import ANY

import pytest

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

# The shape of https://core.telegram.org/bots/api#getme, with values of our own.
API = {
    "/getMe": {
        "ok": True,
        "result": {
            "id": 700000001,
            "is_bot": True,
            "first_name": "Analytical",
            "username": "analytical_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        },
    }
}
TOKEN = "700000001:AArecorded-0123456789_abcdefghijklmn"
PASTED = {"bot_token": TOKEN}
ACCOUNT = ("700000001", "@analytical_bot")
VARIABLES = {
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_SIGNING_SECRET": ANY,
    "TELEGRAM_BOT_USERNAME": "analytical_bot",
    "TELEGRAM_BOT_ID": "700000001",
}
WAIVERS: set[str] = set()

provider = get("telegram")


def test_a_bot_is_known_by_its_number_and_its_name() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=TOKEN))
    assert (account.id, account.name) == ("700000001", "@analytical_bot")
    assert account.metadata == {"username": "analytical_bot", "bot_name": "Analytical"}


def test_a_token_is_part_of_the_address_and_of_no_header() -> None:
    assert provider.carrier.prefix(TOKEN) == f"/bot{TOKEN}"
    assert provider.carrier.headers(TOKEN) == {}


def test_only_one_program_may_use_a_bot() -> None:
    assert provider.exclusive


def test_the_webhooks_secret_is_one_that_telegram_takes() -> None:
    assert provider.key
    assert provider.key.made == ("signing_secret",)  # 64 hex digits; `secret_token` takes A-Z a-z 0-9 _ -


def test_tokens_look_like_tokens() -> None:
    assert provider.key
    assert re.fullmatch(provider.key.pattern, TOKEN)
    assert not re.fullmatch(provider.key.pattern, "@analytical_bot")


def test_verification_asks_for_the_bot() -> None:
    api = RecordedApi(API)
    provider.verify(api)
    assert api.asked == ["/getMe"]


def test_a_message_is_genuine_with_the_secret_that_was_given_along() -> None:
    webhook = provider.webhook
    assert webhook
    assert webhook.verify({"x-telegram-bot-api-secret-token": "s3cret"}, b"{}", "s3cret", 0)
    assert not webhook.verify({"x-telegram-bot-api-secret-token": "other"}, b"{}", "s3cret", 0)
    assert webhook.secret == "signing_secret"


def test_a_message_is_known_by_the_updates_number() -> None:
    # The shape of https://core.telegram.org/bots/api#update.
    body = (
        b'{"update_id": 812345, "message": {"message_id": 9, "date": 1800000000, "chat": {"id": 4, "type": "private"}}}'
    )
    assert provider.webhook
    assert provider.webhook.event_id({}, body) == "812345"


URL = "https://vendo.example/hooks/vendo_conn_1"
(hook,) = provider.deploy_hooks


def test_the_bot_is_pointed_at_us() -> None:
    api = RecordedApi({"/setWebhook": {"ok": True, "result": True}})
    hook.do(api, URL, "s3cret")
    assert (api.asked, api.posted) == (["/setWebhook"], [{"url": URL, "secret_token": "s3cret"}])


@pytest.mark.parametrize(
    ("points_to", "asked"),
    [
        (URL, ["/getWebhookInfo", "/deleteWebhook"]),
        ("https://other.example", ["/getWebhookInfo"]),
        ("", ["/getWebhookInfo"]),
    ],
)
def test_the_bot_is_pointed_away_from_us_and_from_nobody_else(points_to: str, asked: list[str]) -> None:
    # https://core.telegram.org/bots/api#webhookinfo: `url` is empty where none is set.
    info = {"ok": True, "result": {"url": points_to, "has_custom_certificate": False, "pending_update_count": 0}}
    api = RecordedApi({"/getWebhookInfo": info, "/deleteWebhook": {"ok": True, "result": True}})
    hook.undo(api, URL)
    assert api.asked == asked
