"""Google Sheets: recorded facts, and what we make of them."""

from connections.catalog import get
from tests.connections.catalog.recorded import Revoked

SCOPES = "https://www.googleapis.com/auth/spreadsheets openid https://www.googleapis.com/auth/userinfo.email"
# Shapes of https://developers.google.com/identity/protocols/oauth2/web-server, with values of our own.
TOKEN_ANSWER = {
    "access_token": "ya29.sheets-recorded",
    "expires_in": 3599,
    "refresh_token": "1//sheets-recorded",
    "scope": SCOPES,
    "token_type": "Bearer",
    "id_token": "header.claims.signature",
}
REFRESH_ANSWER = {
    "access_token": "ya29.sheets-renewed",
    "expires_in": 3599,
    "scope": SCOPES,
    "token_type": "Bearer",
}
REVOKED = Revoked(
    path="/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
API = {"/v1/userinfo": {"sub": "110000000000000000002", "email": "grace@example.com", "email_verified": True}}
ACCOUNT = ("110000000000000000002", "grace@example.com")
WAIVERS: set[str] = set()

provider = get("googlesheets")


def test_who_signed_in_is_asked_for_and_not_shown_as_a_permission() -> None:
    assert provider.oauth
    assert [scope.name for scope in provider.oauth.scopes] == ["https://www.googleapis.com/auth/spreadsheets"]
    assert "openid" in provider.oauth.fixed_scopes
