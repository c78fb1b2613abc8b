"""Salesforce: recorded facts, and what we make of them."""

import re

import pytest

from connections import oauth
from connections.catalog import get
from tests.connections.catalog.recorded import RecordedApi, Revoked

ASKED = {"domain": "analytical--dev.sandbox.my"}
# Shapes of https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm&type=5, with
# values of our own. Nothing says when the token ends.
TOKEN_ANSWER = {
    "access_token": "00Dxx!recorded-session",
    "refresh_token": "5Aep-refresh-recorded",
    "signature": "c2lnbmVk",
    "scope": "refresh_token openid api id",
    "id_token": "eyJ.recorded.id",
    "instance_url": "https://analytical--dev.sandbox.my.salesforce.com",
    "id": "https://test.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001SwiUAAS",
    "token_type": "Bearer",
    "issued_at": "1772355600000",
}
REFRESH_ANSWER = {
    "access_token": "00Dxx!renewed-session",
    "signature": "c2lnbmVk",
    "scope": "refresh_token openid api id",
    "instance_url": "https://analytical--dev.sandbox.my.salesforce.com",
    "id": "https://test.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001SwiUAAS",
    "token_type": "Bearer",
    "issued_at": "1772359200000",
}
GONE = (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"})
REVOKED = Revoked(
    path="/services/oauth2/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm&type=5
API = {
    "/services/oauth2/userinfo": {
        "sub": "https://test.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001SwiUAAS",
        "user_id": "005xx000001SwiUAAS",
        "organization_id": "00Dxx0000001gPLEAY",
        "preferred_username": "ada@analytical.example.dev",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "user_type": "STANDARD",
    }
}
ACCOUNT = ("00Dxx0000001gPLEAY/005xx000001SwiUAAS", "ada@analytical.example.dev")
HOST = "analytical--dev.sandbox.my.salesforce.com"
CONTEXT = {"instance_url": f"https://{HOST}", "instance_host": HOST}
WAIVERS: set[str] = set()

provider = get("salesforce")


def test_a_token_is_taken_to_end_with_the_shortest_session() -> None:
    assert provider.oauth
    assert oauth.read_answer(provider.oauth, TOKEN_ANSWER).refresh_token == "5Aep-refresh-recorded"
    assert (provider.oauth.lifetime, "expires_in" in TOKEN_ANSWER) == (900, False)


def test_the_api_is_where_the_token_answer_says() -> None:
    assert provider.oauth
    account = provider.identify(RecordedApi(API), oauth.read_answer(provider.oauth, TOKEN_ANSWER))
    assert (account.id, account.name, account.context) == (*ACCOUNT, CONTEXT)


@pytest.mark.parametrize(
    "typed",
    [
        "login",
        "test",
        "analytical.my",
        "analytical--dev.sandbox.my",
        "analytical-dev-ed.develop.my",
        "a1--b-c.scratch.my",
    ],
)
def test_where_people_sign_in(typed: str) -> None:
    (ask,) = provider.asks
    assert re.fullmatch(ask.pattern, typed)


@pytest.mark.parametrize("typed", ["", "evil.example/", "a@b.my", "my", "login.my/x", "-a.my", "a.other.my", "LOGIN"])
def test_our_secret_goes_to_no_host_of_anybodys_choice(typed: str) -> None:
    (ask,) = provider.asks
    assert not re.fullmatch(ask.pattern, typed)


def test_the_identity_service_refuses_a_token_in_its_own_way() -> None:
    assert provider.oauth
    assert 403 in provider.oauth.refused
