"""Microsoft 365: recorded facts, and what we make of them."""

import pytest

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

SCOPE = "User.Read Mail.Read Calendars.Read Files.Read"
# Shapes of https://learn.microsoft.com/graph/auth-v2-user, with values of our own. `offline_access` is not named.
TOKEN_ANSWER = {
    "token_type": "Bearer",
    "scope": SCOPE,
    "expires_in": 3736,
    "ext_expires_in": 3736,
    "access_token": "eyJ-graph-recorded",
    "refresh_token": "0.AX-refresh-recorded",
}
REFRESH_ANSWER = {
    "token_type": "Bearer",
    "scope": SCOPE,
    "expires_in": 4012,
    "ext_expires_in": 4012,
    "access_token": "eyJ-graph-renewed",
    "refresh_token": "0.AX-refresh-rotated",
}
GONE = (
    400,
    {
        "error": "interaction_required",
        "error_description": "AADSTS50076: Due to a configuration change made by your administrator, …",
        "error_codes": [50076],
        "timestamp": "2026-11-24 09:00:00Z",
        "trace_id": "b0000000-0000-4000-8000-000000000001",
        "correlation_id": "b0000000-0000-4000-8000-000000000002",
    },
)
# https://learn.microsoft.com/graph/api/user-get
API = {
    "/v1.0/me": {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
        "id": "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
        "displayName": "Ada Lovelace",
        "mail": "ada@analytical.example",
        "userPrincipalName": "ada@analytical.onmicrosoft.com",
    }
}
ACCOUNT = ("87d349ed-44d7-43e1-9a83-5f2406dee5bd", "ada@analytical.example")
WAIVERS: set[str] = set()

provider = get("microsoft365")


def test_people_without_a_mailbox_are_known_by_the_name_they_sign_in_with() -> None:
    me = {**API["/v1.0/me"], "mail": None}
    account = provider.identify(RecordedApi({"/v1.0/me": me}), TokenAnswer(access_token=""))
    assert (account.id, account.name) == (ACCOUNT[0], "ada@analytical.onmicrosoft.com")


@pytest.mark.parametrize("start", ["", "https://graph.microsoft.com/"])
def test_what_was_granted_is_told_in_short_or_at_length(start: str) -> None:
    assert provider.oauth
    told = " ".join(start + name for name in SCOPE.split())
    granted = set(oauth.read_answer(provider.oauth, {**TOKEN_ANSWER, "scope": told}).scopes or ())
    assert all({scope.name, *scope.also} & granted for scope in provider.oauth.scopes)


def test_a_new_policy_of_the_company_asks_for_the_person() -> None:
    assert provider.oauth
    assert GONE[1]["error"] in provider.oauth.dead
