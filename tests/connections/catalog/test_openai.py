"""OpenAI: recorded facts, and what we make of them."""

import re
from unittest.mock import ANY

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

# The shape of https://platform.openai.com/docs/api-reference/models/list, with values of our own.
API = {
    "/v1/models": {
        "object": "list",
        "data": [{"id": "gpt-recorded", "object": "model", "created": 1700000000, "owned_by": "system"}],
    }
}
PASTED = {"api_key": "sk-proj-recorded0123456789abWXYZ"}
ACCOUNT = (ANY, "OpenAI key …WXYZ")
VARIABLES = {"OPENAI_API_KEY": PASTED["api_key"]}
WAIVERS: set[str] = set()

provider = get("openai")


def test_a_key_is_tried_by_listing_models() -> None:
    api = RecordedApi(API)
    provider.verify(api)
    assert api.asked == ["/v1/models"]


def test_a_key_does_not_say_whose_it_is_and_is_known_by_its_end() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=PASTED["api_key"]))
    assert (account.id, account.name) == ("", "OpenAI key …WXYZ")


def test_user_project_and_service_keys_look_like_keys() -> None:
    assert provider.key
    for start in ("sk-", "sk-proj-", "sk-svcacct-"):
        assert re.fullmatch(provider.key.pattern, f"{start}{'a1_-' * 10}")
    assert not re.fullmatch(provider.key.pattern, "org-0123456789abcdefghijklmn")
