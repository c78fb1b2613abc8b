"""Dropbox: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

SCOPES = "account_info.read files.content.read files.metadata.read"
# Shapes of https://developers.dropbox.com/oauth-guide, with values of our own.
TOKEN_ANSWER = {
    "access_token": "sl.recorded-0001",
    "expires_in": 14400,
    "token_type": "bearer",
    "scope": SCOPES,
    "refresh_token": "dropbox-refresh-recorded",
    "account_id": "dbid:recorded",
    "uid": "1815",
}
REFRESH_ANSWER = {"access_token": "sl.renewed-0001", "expires_in": 14400, "token_type": "bearer"}
REVOKED = Revoked(path="/2/auth/token/revoke", bearer="{token}", token="access")
# https://www.dropbox.com/developers/documentation/http/documentation#users-get_current_account
API = {
    "/2/users/get_current_account": {
        "account_id": "dbid:recorded",
        "name": {"given_name": "Ada", "surname": "Lovelace", "display_name": "Ada Lovelace"},
        "email": "ada@example.com",
        "email_verified": True,
        "account_type": {".tag": "basic"},
    }
}
ACCOUNT = ("dbid:recorded", "ada@example.com")
WAIVERS: set[str] = set()

provider = get("dropbox")


def test_a_refresh_token_is_asked_for_and_stays() -> None:
    assert provider.oauth
    assert provider.oauth.authorize_params == {"token_access_type": "offline"}
    assert oauth.read_answer(provider.oauth, REFRESH_ANSWER).refresh_token is None


def test_the_account_is_asked_for_without_a_body() -> None:
    api = RecordedApi(API)
    account = provider.identify(api, TokenAnswer(access_token=""))
    assert (account.id, account.name, api.posted) == (*ACCOUNT, [None])
