"""Figma: recorded facts, and what we make of them."""

import httpx2
import pytest

from connections import oauth
from connections.catalog import TokenAnswer, get
from connections.errors import NeedsReauth
from connections.provider_api import refuse_unknown
from tests.connections.catalog.recorded import RecordedApi

# Shapes of https://developers.figma.com/docs/rest-api/authentication/, with values of our own. A renewal brings no
# other refresh token.
TOKEN_ANSWER = {
    "user_id_string": "1815000000000000001",
    "access_token": "figu_recorded",
    "token_type": "bearer",
    "expires_in": 7776000,
    "refresh_token": "figur_recorded",
}
REFRESH_ANSWER = {"access_token": "figu_renewed", "token_type": "bearer", "expires_in": 7776000}
# https://developers.figma.com/docs/rest-api/users-endpoints/
API = {
    "/v1/me": {
        "id": "1815000000000000001",
        "email": "ada@example.com",
        "handle": "Ada Lovelace",
        "img_url": "https://s3-alpha.figma.com/profile/recorded",
    }
}
DEAD = (403, {"status": 403, "err": "Invalid token"})
ACCOUNT = ("1815000000000000001", "Ada Lovelace")
WAIVERS: set[str] = set()

provider = get("figma")


def test_a_token_lives_for_ninety_days_and_its_refresh_token_stays() -> None:
    assert provider.oauth
    assert oauth.read_answer(provider.oauth, TOKEN_ANSWER).expires_in == 90 * 24 * 3600
    assert oauth.read_answer(provider.oauth, REFRESH_ANSWER).refresh_token is None


def test_the_account_is_the_person() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name, account.metadata) == (*ACCOUNT, {"email": "ada@example.com"})


@pytest.mark.parametrize("said", ["Invalid token", "Token expired"])
def test_an_unknown_token_is_told_in_the_body(said: str) -> None:
    with pytest.raises(NeedsReauth):
        refuse_unknown(provider, httpx2.Response(403, json={"status": 403, "err": said}))
