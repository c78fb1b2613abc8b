"""Supabase: recorded facts, and what we make of them."""

import pytest

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# Shapes of https://supabase.com/docs/reference/api (OAuthTokenResponse, sent with status 201), with values of our own.
TOKEN_ANSWER = {
    "access_token": "sbp_oauth_recorded",
    "refresh_token": "sba_refresh_recorded",
    "expires_in": 86400,
    "token_type": "Bearer",
}
REFRESH_ANSWER = {
    "access_token": "sbp_oauth_renewed",
    "refresh_token": "sba_refresh_rotated",
    "expires_in": 86400,
    "token_type": "Bearer",
}
REVOKED = Revoked(
    path="/v1/oauth/revoke",
    body={"client_id": "test-client", "client_secret": "test-client-secret", "refresh_token": "{token}"},
)
API = {
    "/v1/organizations": [{"id": "analytical-org", "slug": "analytical-org", "name": "Analytical"}],
    "/v1/projects": [
        {
            "id": "abcdefghijklmnopqrst",
            "ref": "abcdefghijklmnopqrst",
            "organization_id": "analytical-org",
            "organization_slug": "analytical-org",
            "name": "Engine",
            "region": "eu-central-1",
            "created_at": "2026-03-01T09:00:00Z",
            "status": "ACTIVE_HEALTHY",
        },
        {
            "id": "tsrqponmlkjihgfedcba",
            "ref": "tsrqponmlkjihgfedcba",
            "organization_id": "analytical-org",
            "organization_slug": "analytical-org",
            "name": "Difference",
            "region": "us-east-1",
            "created_at": "2026-04-01T09:00:00Z",
            "status": "INACTIVE",
        },
    ],
}
PLACE = "abcdefghijklmnopqrst"
ACCOUNT = ("analytical-org/abcdefghijklmnopqrst", "Engine")
CONTEXT = {"ref": "abcdefghijklmnopqrst"}
WAIVERS: set[str] = set()

provider = get("supabase")


def test_the_account_is_the_organization_of_the_grant() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name, account.context) == ("analytical-org", "Analytical", None)


def test_each_project_can_be_what_the_connection_is_for() -> None:
    assert provider.places
    first, second = provider.places.find(RecordedApi(API))
    assert (first.id, first.name, first.context) == (PLACE, "Engine", CONTEXT)
    assert (second.name, second.note, second.metadata) == ("Difference", "us-east-1", {"region": "us-east-1"})


def test_a_grant_of_no_organization_is_no_account() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        provider.identify(RecordedApi({"/v1/organizations": []}), TokenAnswer(access_token=""))


def test_nothing_is_said_of_scopes() -> None:
    """They are those of the app; "Grant more" would lead nowhere."""
    assert provider.oauth
    assert provider.oauth.scopes == ()
    assert oauth.read_answer(provider.oauth, TOKEN_ANSWER).scopes is None
