"""Zoom: recorded facts, and what we make of them."""

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

SCOPE = "user:read:user meeting:read:list_meetings meeting:read:meeting meeting:write:meeting"
# Shapes of https://developers.zoom.us/docs/integrations/oauth/, with values of our own.
TOKEN_ANSWER = {
    "access_token": "eyJ-zoom-recorded",
    "token_type": "bearer",
    "refresh_token": "eyJ-zoom-refresh-recorded",
    "expires_in": 3599,
    "scope": SCOPE,
    "api_url": "https://api.zoom.us",
}
REFRESH_ANSWER = {
    "access_token": "eyJ-zoom-renewed",
    "token_type": "bearer",
    "refresh_token": "eyJ-zoom-refresh-rotated",
    "expires_in": 3599,
    "scope": SCOPE,
    "api_url": "https://api.zoom.us",
}
GONE = (400, {"reason": "Invalid Token!", "error": "invalid_grant"})
REVOKED = Revoked(
    path="/oauth/revoke", body={"token": "{token}"}, client=("test-client", "test-client-secret"), token="access"
)
# https://developers.zoom.us/docs/api/users/#tag/users/get/users/{userId}
API = {
    "/users/me": {
        "id": "KDcuGIm1QgePTO8WbOqwIQ",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "display_name": "Ada Lovelace",
        "email": "ada@example.com",
        "type": 1,
        "account_id": "q6gBJVO5TzexKYTb_I2rpg",
        "status": "active",
    }
}
ACCOUNT = ("KDcuGIm1QgePTO8WbOqwIQ", "ada@example.com")
WAIVERS: set[str] = set()

provider = get("zoom")


def test_the_account_is_the_person() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name) == ACCOUNT
    assert account.metadata == {"account_id": "q6gBJVO5TzexKYTb_I2rpg"}


def test_what_an_older_app_was_granted_counts() -> None:
    assert provider.oauth
    classic = {"user:read", "meeting:read", "meeting:write"}
    assert all(classic & set(scope.also) for scope in provider.oauth.scopes)
