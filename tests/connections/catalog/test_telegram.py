"""Telegram: recorded facts, and what we make of them."""

import re
from unittest.mock import ANY

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
