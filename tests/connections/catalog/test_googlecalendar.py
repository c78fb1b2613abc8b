"""Google Calendar: recorded facts, and what we make of them."""

from connections.catalog import get
from tests.connections.catalog.recorded import Revoked

SCOPES = (
    "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/calendar.events "
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
)
# Shapes of https://developers.google.com/identity/protocols/oauth2/web-server, with values of our own.
TOKEN_ANSWER = {
    "access_token": "ya29.calendar-recorded",
    "expires_in": 3599,
    "refresh_token": "1//calendar-recorded",
    "scope": SCOPES,
    "token_type": "Bearer",
    "id_token": "header.claims.signature",
}
REFRESH_ANSWER = {
    "access_token": "ya29.calendar-renewed",
    "expires_in": 3599,
    "scope": SCOPES,
    "token_type": "Bearer",
    "id_token": "header.claims.signature",
}
REVOKED = Revoked(
    path="/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
API = {
    "/v1/userinfo": {
        "sub": "110000000000000000001",
        "picture": "https://lh3.example.com/a",
        "email": "ada@example.com",
        "email_verified": True,
    }
}
ACCOUNT = ("110000000000000000001", "ada@example.com")
WAIVERS: set[str] = set()

provider = get("googlecalendar")


def test_who_signed_in_is_asked_for_and_not_shown_as_a_permission() -> None:
    assert provider.oauth
    assert provider.oauth.fixed_scopes == ("openid", "https://www.googleapis.com/auth/userinfo.email")
    assert all("calendar" in scope.name for scope in provider.oauth.scopes)


def test_the_calendars_are_at_another_address_than_who_signed_in() -> None:
    assert (provider.api_url, provider.account_url) == (
        "https://www.googleapis.com",
        "https://openidconnect.googleapis.com",
    )
