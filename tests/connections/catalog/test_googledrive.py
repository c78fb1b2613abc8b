"""Google Drive: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import get
from tests.connections.catalog.recorded import RecordedApi

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
# Shapes of https://developers.google.com/identity/protocols/oauth2/web-server, with values of our own.
TOKEN_ANSWER = {
    "access_token": "ya29.recorded",
    "expires_in": 3599,
    "refresh_token": "1//recorded",
    "scope": SCOPE,
    "token_type": "Bearer",
    "refresh_token_expires_in": 604799,
}
REFRESH_ANSWER = {"access_token": "ya29.renewed", "expires_in": 3599, "scope": SCOPE, "token_type": "Bearer"}
ABOUT = {
    "user": {"kind": "drive#user", "displayName": "Ada", "permissionId": "0123", "emailAddress": "ada@example.com"}
}
WAIVERS: set[str] = set()

provider = get("googledrive")


def test_a_token_answer_expires_and_can_be_renewed() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, TOKEN_ANSWER)
    assert (answer.expires_in, answer.refresh_token, answer.scopes) == (3599, "1//recorded", (SCOPE,))


def test_a_renewal_without_a_refresh_token_keeps_the_old_one() -> None:
    assert provider.oauth
    assert oauth.read_answer(provider.oauth, REFRESH_ANSWER).refresh_token is None


def test_the_account_is_known_by_its_address() -> None:
    assert provider.oauth
    api = RecordedApi({"/drive/v3/about": ABOUT})
    account = provider.identify(api, oauth.read_answer(provider.oauth, TOKEN_ANSWER))
    assert (account.id, account.name) == ("0123", "ada@example.com")


def test_a_refresh_token_is_asked_for() -> None:
    assert provider.oauth
    assert provider.oauth.authorize_params["access_type"] == "offline"
    assert provider.oauth.authorize_params["prompt"] == "consent"
