"""Linear: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# Shapes of https://linear.app/developers/oauth-2-0-authentication, with values of our own.
TOKEN_ANSWER = {
    "access_token": "lin_oauth_recorded",
    "token_type": "Bearer",
    "expires_in": 86399,
    "scope": "read issues:create comments:create",
    "refresh_token": "lin_refresh_recorded",
}
REFRESH_ANSWER = {
    "access_token": "lin_oauth_renewed",
    "token_type": "Bearer",
    "expires_in": 86399,
    "scope": "read issues:create comments:create",
    "refresh_token": "lin_refresh_rotated",
}
REVOKED = Revoked(
    path="/oauth/revoke",
    body={"token": "{token}", "client_id": "test-client", "client_secret": "test-client-secret"},
)
# https://linear.app/developers/graphql
API = {
    "/graphql": {
        "data": {
            "viewer": {
                "id": "11111111-0000-4000-8000-000000000001",
                "email": "ada@example.com",
                "organization": {"name": "Analytical", "urlKey": "analytical"},
            }
        }
    }
}
DEAD = (
    401,
    {
        "errors": [
            {
                "message": "Authentication required, not authenticated",
                "extensions": {"type": "authentication error", "code": "AUTHENTICATION_ERROR"},
            }
        ]
    },
)
ACCOUNT = ("11111111-0000-4000-8000-000000000001", "ada@example.com in Analytical")
WAIVERS: set[str] = set()

provider = get("linear")


def test_a_refresh_token_is_good_for_one_renewal() -> None:
    assert provider.oauth
    old, new = (oauth.read_answer(provider.oauth, raw) for raw in (TOKEN_ANSWER, REFRESH_ANSWER))
    assert old.refresh_token != new.refresh_token


def test_clients_from_before_2024_are_told_the_scopes_as_a_list() -> None:
    assert provider.oauth
    assert oauth.read_answer(provider.oauth, {**TOKEN_ANSWER, "scope": ["read"]}).scopes == ("read",)


def test_who_signed_in_is_a_query() -> None:
    api = RecordedApi(API)
    account = provider.identify(api, TokenAnswer(access_token=""))
    assert account.metadata == {"email": "ada@example.com", "workspace": "analytical"}
    (posted,) = api.posted
    assert posted and "viewer" in posted["query"]


def test_scopes_are_separated_by_commas() -> None:
    assert provider.oauth
    assert provider.oauth.scope_separator == ","
