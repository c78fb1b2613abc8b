"""GitLab: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# Shapes of https://docs.gitlab.com/api/oauth2/, with values of our own.
TOKEN_ANSWER = {
    "access_token": "gitlab-access-recorded",
    "token_type": "Bearer",
    "expires_in": 7200,
    "refresh_token": "gitlab-refresh-recorded",
    "scope": "read_api",
    "created_at": 1800000000,
}
REFRESH_ANSWER = {
    "access_token": "gitlab-access-renewed",
    "token_type": "Bearer",
    "expires_in": 7200,
    "refresh_token": "gitlab-refresh-rotated",
    "scope": "read_api",
    "created_at": 1800007200,
}
REVOKED = Revoked(
    path="/oauth/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://docs.gitlab.com/api/users/#get-the-current-user
API = {
    "/api/v4/user": {
        "id": 1815,
        "username": "ada",
        "name": "Ada Lovelace",
        "state": "active",
        "web_url": "https://gitlab.com/ada",
        "email": "ada@example.com",
    }
}
ACCOUNT = ("1815", "ada")
WAIVERS: set[str] = set()

provider = get("gitlab")


def test_a_renewal_brings_another_refresh_token() -> None:
    assert provider.oauth
    old, new = (oauth.read_answer(provider.oauth, raw) for raw in (TOKEN_ANSWER, REFRESH_ANSWER))
    assert (new.expires_in, old.refresh_token != new.refresh_token) == (7200, True)


def test_the_account_is_known_by_its_number() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.metadata) == ("1815", {"username": "ada"})


def test_tenants_can_not_name_a_gitlab_of_their_own() -> None:
    assert not provider.asks
