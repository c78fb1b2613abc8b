"""Gmail: recorded facts, and what we make of them."""

from connections.catalog import get
from tests.connections.catalog.recorded import Revoked

READ, SEND = "https://www.googleapis.com/auth/gmail.readonly", "https://www.googleapis.com/auth/gmail.send"
# Shapes of https://developers.google.com/identity/protocols/oauth2/web-server, with values of our own.
TOKEN_ANSWER = {
    "access_token": "ya29.gmail-recorded",
    "expires_in": 3599,
    "refresh_token": "1//gmail-recorded",
    "scope": f"{READ} {SEND}",
    "token_type": "Bearer",
}
REFRESH_ANSWER = {
    "access_token": "ya29.gmail-renewed",
    "expires_in": 3599,
    "scope": f"{READ} {SEND}",
    "token_type": "Bearer",
}
REVOKED = Revoked(
    path="/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile
API = {
    "/gmail/v1/users/me/profile": {
        "emailAddress": "ada@example.com",
        "messagesTotal": 1815,
        "threadsTotal": 1000,
        "historyId": "1852",
    }
}
ACCOUNT = ("ada@example.com", "ada@example.com")
WAIVERS: set[str] = set()

provider = get("gmail")


def test_more_than_was_asked_for_covers_what_was() -> None:
    assert provider.oauth
    assert all("https://mail.google.com/" in scope.also for scope in provider.oauth.scopes)
