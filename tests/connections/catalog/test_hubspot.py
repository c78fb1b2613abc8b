"""HubSpot: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

SCOPES = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
]
# Shapes of https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens, with values of
# our own. Scopes are a list, under another name than RFC 6749's.
TOKEN_ANSWER = {
    "token_type": "bearer",
    "token_use": "access_token",
    "access_token": "hubspot-access-recorded",
    "refresh_token": "na1-refresh-recorded",
    "expires_in": 1800,
    "hub_id": 62515,
    "user_id": 1815,
    "scopes": SCOPES,
}
REFRESH_ANSWER = {**TOKEN_ANSWER, "access_token": "hubspot-access-renewed"}
REVOKED = Revoked(
    path="/oauth/2026-09/token/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://developers.hubspot.com/docs/api-reference/latest/account/account-information/get-account-details
API = {
    "/account-info/2026-09/details": {
        "portalId": 62515,
        "portalName": "Analytical Engines",
        "accountType": "STANDARD",
        "timeZone": "Europe/London",
        "companyCurrency": "GBP",
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
}
ACCOUNT = ("62515", "Analytical Engines")
WAIVERS: set[str] = set()

provider = get("hubspot")


def test_a_token_lives_half_an_hour() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, TOKEN_ANSWER)
    assert (answer.expires_in, answer.refresh_token, answer.scopes) == (1800, "na1-refresh-recorded", tuple(SCOPES))


def test_an_account_without_a_name_is_known_by_its_number() -> None:
    api = RecordedApi({"/account-info/2026-09/details": {"portalId": 62515, "uiDomain": "app.hubspot.com"}})
    assert provider.identify(api, TokenAnswer(access_token="")).name == "HubSpot account 62515"


def test_what_every_app_needs_is_asked_for_and_not_shown_as_a_permission() -> None:
    assert provider.oauth
    assert provider.oauth.fixed_scopes == ("oauth",)
