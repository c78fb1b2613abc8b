"""ElevenLabs: recorded facts, and what we make of them."""

import re
from unittest.mock import ANY

import httpx2
import pytest

from connections.catalog import TokenAnswer, get
from connections.errors import NeedsReauth, ProviderForbids
from connections.provider_api import refuse_unknown
from tests.connections.catalog.recorded import RecordedApi

# The shape of https://elevenlabs.io/docs/api-reference/user/get, with values of our own.
API = {
    "/v1/user": {
        "user_id": "user-recorded-1",
        "first_name": "Ada",
        "is_new_user": False,
        "subscription": {"tier": "creator", "character_count": 1815, "character_limit": 100000, "status": "active"},
    }
}
DEAD = (401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}})
FORBIDDEN = (401, {"detail": {"status": "missing_permissions", "message": "The key is missing user_read"}})
PASTED = {"api_key": "sk_" + "0123456789abcdef" * 3}
ACCOUNT = (ANY, "Ada …cdef")
VARIABLES = {"ELEVENLABS_API_KEY": PASTED["api_key"]}
WAIVERS: set[str] = set()

provider = get("elevenlabs")


def test_a_key_is_known_by_its_person_and_its_end() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=PASTED["api_key"]))
    assert (account.id, account.name) == ("", "Ada …cdef")
    assert account.metadata == {"user_id": "user-recorded-1", "tier": "creator"}


def test_a_key_goes_bare_into_a_header_of_its_own() -> None:
    assert provider.carrier.headers("secret-1") == {"xi-api-key": "secret-1"}


@pytest.mark.parametrize(("told", "error"), [(DEAD, NeedsReauth), (FORBIDDEN, ProviderForbids)])
def test_an_unknown_key_and_one_that_may_not_read_the_user_share_a_status(
    told: tuple[int, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        refuse_unknown(provider, httpx2.Response(told[0], json=told[1]))


def test_new_keys_and_old_ones_look_like_keys() -> None:
    assert provider.key
    assert re.fullmatch(provider.key.pattern, PASTED["api_key"])
    assert re.fullmatch(provider.key.pattern, "0123456789abcdef" * 2)
    assert not re.fullmatch(provider.key.pattern, "sk-proj-0123456789abcdef")
