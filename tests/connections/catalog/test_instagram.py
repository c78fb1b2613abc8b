"""Instagram: recorded facts, and what we make of them."""

import pytest

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

# Shapes of https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login,
# with values of our own. The page shows the first one inside a list called data; the server sends it as it is here.
TOKEN_ANSWER = {
    "access_token": "IGAA-short-recorded",
    "user_id": 17841400000000001,
    "permissions": ["instagram_business_basic", "instagram_business_content_publish"],
}
LENGTHENED = {
    "access_token": "IGAA-long-recorded",
    "token_type": "bearer",
    "expires_in": 5183944,
    "permissions": "instagram_business_basic,instagram_business_content_publish",
}
REFRESH_ANSWER = {"access_token": "IGAA-long-renewed", "token_type": "bearer", "expires_in": 5183944}
API = {"/me": {"user_id": "17841400000000001", "username": "ada.lovelace", "id": "24800000000000001"}}
DEAD = (
    400,
    {
        "error": {
            "message": "Error validating access token: Session has expired.",
            "type": "OAuthException",
            "code": 190,
            "fbtrace_id": "Arecorded",
        }
    },
)
ACCOUNT = ("17841400000000001", "@ada.lovelace")
CONTEXT = {"ig_user_id": "17841400000000001"}
WAIVERS = {"pkce"}

provider = get("instagram")


@pytest.mark.parametrize("answer", [API["/me"], {"data": [API["/me"]]}])
def test_the_account_is_known_by_its_own_number(answer: object) -> None:
    account = provider.identify(RecordedApi({"/me": answer}), TokenAnswer(access_token=""))
    assert (account.id, account.name, account.context) == (*ACCOUNT, CONTEXT)


def test_a_token_is_renewed_while_it_lives() -> None:
    assert provider.oauth and provider.oauth.idle_days
    lives = oauth.read_answer(provider.oauth, LENGTHENED).expires_in or 0
    assert 0 < provider.oauth.refresh_margin < lives < provider.oauth.idle_days * 86_400


@pytest.mark.parametrize("answer", [TOKEN_ANSWER, LENGTHENED])
def test_what_was_granted_is_told_as_permissions(answer: dict[str, object]) -> None:
    assert provider.oauth
    asked = tuple(scope.name for scope in provider.oauth.scopes)
    assert oauth.read_answer(provider.oauth, answer).scopes == asked


def test_scopes_are_separated_by_commas() -> None:
    assert provider.oauth
    assert provider.oauth.scope_separator == ","
