"""Anthropic: recorded facts, and what we make of them."""

import re
from unittest.mock import ANY

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

# The shape of https://platform.claude.com/docs/en/api/models/list, with values of our own.
API = {
    "/v1/models": {
        "data": [
            {
                "type": "model",
                "id": "claude-recorded-1",
                "display_name": "Claude Recorded 1",
                "created_at": "2026-02-04T00:00:00Z",
            }
        ],
        "first_id": "claude-recorded-1",
        "last_id": "claude-recorded-1",
        "has_more": False,
    }
}
PASTED = {"api_key": "sk-ant-api03-recorded0123456789_ab-WXYZ"}
ACCOUNT = (ANY, "Anthropic key …WXYZ")
VARIABLES = {"ANTHROPIC_API_KEY": PASTED["api_key"]}
WAIVERS: set[str] = set()

provider = get("anthropic")


def test_a_key_is_known_by_its_end() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=PASTED["api_key"]))
    assert (account.id, account.name) == ("", "Anthropic key …WXYZ")


def test_a_key_goes_bare_into_a_header_of_its_own_and_every_call_names_a_version() -> None:
    assert provider.carrier.headers("secret-1") == {"x-api-key": "secret-1"}
    assert provider.api_headers["anthropic-version"] == "2023-06-01"


def test_keys_that_manage_an_organization_are_no_keys_for_models() -> None:
    assert provider.key
    assert re.fullmatch(provider.key.pattern, PASTED["api_key"])
    assert not re.fullmatch(provider.key.pattern, PASTED["api_key"].replace("api03", "admin01"))
