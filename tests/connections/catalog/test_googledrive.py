"""Google Drive: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import get
from tests.connections.catalog.recorded import RecordedApi, Revoked

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
REVOKED = Revoked(
    path="/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
API = {
    "/drive/v3/about": {
        "user": {"kind": "drive#user", "displayName": "Ada", "permissionId": "0123", "emailAddress": "ada@example.com"}
    }
}
ACCOUNT = ("0123", "ada@example.com")
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
    account = provider.identify(RecordedApi(API), oauth.read_answer(provider.oauth, TOKEN_ANSWER))
    assert (account.id, account.name) == ACCOUNT


def test_a_refresh_token_is_asked_for() -> None:
    assert provider.oauth
    assert provider.oauth.authorize_params == {"access_type": "offline", "prompt": "consent"}
    assert provider.oauth.idle_days == 180


def test_one_token_does_not_open_what_was_granted_to_another_integration() -> None:
    assert provider.oauth
    assert "include_granted_scopes" not in provider.oauth.authorize_params
