"""GitHub: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# The shape of https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, with values of
# our own. Scopes come back separated by commas.
TOKEN_ANSWER = {"access_token": "gho_recorded0001", "scope": "repo,read:user", "token_type": "bearer"}
# Of a GitHub App's client: .../apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
OF_AN_APP = {
    "access_token": "ghu_recorded0001",
    "expires_in": 28800,
    "refresh_token": "ghr_recorded0001",
    "refresh_token_expires_in": 15897600,
    "scope": "",
    "token_type": "bearer",
}
# Refusals come with status 200.
GONE = (200, {"error": "bad_refresh_token", "error_description": "The refresh token passed is incorrect or expired."})
# https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
REVOKED = Revoked(
    path="/applications/test-client/token",
    method="DELETE",
    body={"access_token": "{token}"},
    client=("test-client", "test-client-secret"),
    token="access",
)
# https://docs.github.com/en/rest/users/users#get-the-authenticated-user
API = {"/user": {"login": "ada", "id": 1815, "node_id": "MDQ6VXNlcjE=", "type": "User", "name": "Ada Lovelace"}}
ACCOUNT = ("1815", "ada")
CONTEXT = {"login": "ada"}
VARIABLES = {"GITHUB_TOKEN": "gho_recorded0001"}
WAIVERS: set[str] = set()

provider = get("github")


def test_an_oauth_apps_token_does_not_expire() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, TOKEN_ANSWER)
    assert (answer.expires_in, answer.refresh_token, answer.scopes) == (None, None, ("repo", "read:user"))


def test_a_github_apps_token_does() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, OF_AN_APP)
    assert (answer.expires_in, answer.refresh_token, answer.scopes) == (28800, "ghr_recorded0001", None)
    assert "bad_refresh_token" in provider.oauth.dead


def test_the_login_is_told_to_tools() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name, account.context) == (*ACCOUNT, CONTEXT)


def test_calls_say_who_we_are() -> None:
    assert provider.api_headers["User-Agent"]
