"""Jira: recorded facts, and what we make of them."""

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

SCOPE = "read:me read:jira-user read:jira-work write:jira-work offline_access"
# Shapes of https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/, with values of our own.
TOKEN_ANSWER = {
    "access_token": "eyJ-atlassian-recorded",
    "expires_in": 3600,
    "token_type": "Bearer",
    "refresh_token": "eyJ-refresh-recorded",
    "scope": SCOPE,
}
REFRESH_ANSWER = {
    "access_token": "eyJ-atlassian-renewed",
    "expires_in": 3600,
    "token_type": "Bearer",
    "refresh_token": "eyJ-refresh-rotated",
    "scope": SCOPE,
}
GONE = (403, {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."})
JIRA = {
    "id": "11223344-a1b2-3b33-c444-def123456789",
    "url": "https://analytical.atlassian.net",
    "name": "analytical",
    "scopes": ["read:jira-user", "read:jira-work", "write:jira-work"],
    "avatarUrl": "https://site-admin-avatars-cdn.prod.public.atl-paas.net/avatars/240/flag.png",
}
API = {
    "/me": {
        "account_type": "atlassian",
        "account_id": "5b10ac8d82e05b22cc7d4ef5",
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "account_status": "active",
    },
    "/oauth/token/accessible-resources": [JIRA],
}
ACCOUNT = ("5b10ac8d82e05b22cc7d4ef5/11223344-a1b2-3b33-c444-def123456789", "analytical")
CONTEXT = {"cloud_id": JIRA["id"], "site_url": "https://analytical.atlassian.net"}
WAIVERS: set[str] = set()

provider = get("jira")


def test_the_account_is_the_person() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name) == ("5b10ac8d82e05b22cc7d4ef5", "Ada Lovelace")


def test_a_site_is_told_by_what_addresses_need() -> None:
    assert provider.places
    (site,) = provider.places.find(RecordedApi(API))
    assert (site.id, site.name, site.note, site.context) == (JIRA["id"], "analytical", JIRA["url"], CONTEXT)


def test_the_same_site_as_another_product_is_no_jira() -> None:
    assert provider.places
    wiki = {**JIRA, "scopes": ["read:confluence-content.all"]}
    found = provider.places.find(RecordedApi({"/oauth/token/accessible-resources": [wiki, JIRA]}))
    assert [site.context["site_url"] for site in found] == [JIRA["url"]]


def test_a_refresh_token_is_asked_for_and_not_shown_as_a_permission() -> None:
    assert provider.oauth
    assert provider.oauth.fixed_scopes == ("offline_access",)
