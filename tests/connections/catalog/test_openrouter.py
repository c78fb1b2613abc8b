"""OpenRouter: recorded facts, and what we make of them."""

import re
from unittest.mock import ANY

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

# The shape of https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key, with values of our own.
API = {
    "/v1/key": {
        "data": {
            "label": "sk-or-v1-rec...xyz",
            "limit": 100,
            "limit_remaining": 74.5,
            "limit_reset": "monthly",
            "usage": 25.5,
            "is_free_tier": False,
            "is_management_key": False,
            "creator_user_id": "user_recorded",
            "expires_at": None,
        }
    }
}
PASTED = {"api_key": "sk-or-v1-" + "0123456789abcdef" * 4}
ACCOUNT = (ANY, "sk-or-v1-rec...xyz")
VARIABLES = {"OPENROUTER_API_KEY": PASTED["api_key"]}
WAIVERS: set[str] = set()

provider = get("openrouter")


def test_a_key_is_known_by_its_label() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=PASTED["api_key"]))
    assert (account.id, account.name, account.metadata) == ("", "sk-or-v1-rec...xyz", {"free_tier": False})


def test_or_by_its_end() -> None:
    unlabelled = {"/v1/key": {"data": {**API["/v1/key"]["data"], "label": ""}}}
    account = provider.identify(RecordedApi(unlabelled), TokenAnswer(access_token=PASTED["api_key"]))
    assert account.name == "OpenRouter key …cdef"


def test_keys_look_like_keys() -> None:
    assert provider.key
    assert re.fullmatch(provider.key.pattern, PASTED["api_key"])
    assert not re.fullmatch(provider.key.pattern, "sk-0123456789abcdef0123456789abcdef")
