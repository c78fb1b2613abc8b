"""Airtable: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

SCOPES = "data.records:read data.records:write schema.bases:read user.email:read"
# Shapes of https://airtable.com/developers/web/api/oauth-reference, with values of our own.
TOKEN_ANSWER = {
    "access_token": "oaa-airtable-recorded",
    "refresh_token": "oar-airtable-recorded",
    "token_type": "Bearer",
    "scope": SCOPES,
    "expires_in": 3600,
    "refresh_expires_in": 5184000,
}
REFRESH_ANSWER = {
    "access_token": "oaa-airtable-renewed",
    "refresh_token": "oar-airtable-rotated",
    "token_type": "Bearer",
    "scope": SCOPES,
    "expires_in": 3600,
    "refresh_expires_in": 5184000,
}
# https://airtable.com/developers/web/api/get-user-id-scopes
API = {"/v0/meta/whoami": {"id": "usrRecorded0000001", "scopes": SCOPES.split(), "email": "ada@example.com"}}
ACCOUNT = ("usrRecorded0000001", "ada@example.com")
WAIVERS: set[str] = set()

provider = get("airtable")


def test_our_secret_goes_into_the_header_and_pkce_along_with_it() -> None:
    assert provider.oauth
    assert (provider.oauth.client_auth, provider.oauth.pkce) == ("basic", "S256")


def test_a_refresh_token_is_renewed_before_it_dies_of_disuse() -> None:
    assert provider.oauth
    assert provider.oauth.idle_days == 60  # 5,184,000 seconds
    assert oauth.read_answer(provider.oauth, REFRESH_ANSWER).refresh_token == "oar-airtable-rotated"


def test_the_address_is_left_out_where_it_is_not_told() -> None:
    api = RecordedApi({"/v0/meta/whoami": {"id": "usrRecorded0000001"}})
    account = provider.identify(api, TokenAnswer(access_token=""))
    assert (account.id, account.name) == ("usrRecorded0000001", "Airtable account")
