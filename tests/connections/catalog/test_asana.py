"""Asana: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# Shapes of https://developers.asana.com/docs/oauth, with values of our own.
TOKEN_ANSWER = {
    "access_token": "asana-access-recorded",
    "expires_in": 3600,
    "token_type": "bearer",
    "refresh_token": "asana-refresh-recorded",
    "data": {"id": "1815", "gid": "1815", "name": "Ada Lovelace", "email": "ada@example.com"},
}
REFRESH_ANSWER = {
    "access_token": "asana-access-renewed",
    "expires_in": 3600,
    "token_type": "bearer",
    "data": {"id": "1815", "gid": "1815", "name": "Ada Lovelace", "email": "ada@example.com"},
}
REVOKED = Revoked(
    path="/-/oauth_revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://developers.asana.com/reference/getuser
API = {
    "/users/me": {
        "data": {
            "gid": "1815",
            "resource_type": "user",
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "workspaces": [{"gid": "1852", "resource_type": "workspace", "name": "Analytical"}],
        }
    }
}
ACCOUNT = ("1815", "ada@example.com")
WAIVERS: set[str] = set()

provider = get("asana")


def test_a_renewal_keeps_the_refresh_token() -> None:
    assert provider.oauth
    assert oauth.read_answer(provider.oauth, TOKEN_ANSWER).refresh_token == "asana-refresh-recorded"
    assert oauth.read_answer(provider.oauth, REFRESH_ANSWER).refresh_token is None


def test_the_account_is_found_inside_its_wrapping() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name) == ACCOUNT
