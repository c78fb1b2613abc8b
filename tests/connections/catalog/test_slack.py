"""Slack: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# The shape of https://docs.slack.dev/authentication/installing-with-oauth, with values of our own. The person's own
# part, `authed_user`, holds a token only where user scopes were asked for.
TOKEN_ANSWER = {
    "ok": True,
    "access_token": "xoxb-recorded-0001",
    "token_type": "bot",
    "scope": "channels:read,channels:history,users:read,chat:write",
    "bot_user_id": "U0BOT",
    "app_id": "A0APP",
    "team": {"name": "Analytical", "id": "T0TEAM"},
    "enterprise": None,
    "authed_user": {"id": "U0ADA"},
    "is_enterprise_install": False,
}
# The same where the operator turned token rotation on: https://docs.slack.dev/authentication/using-token-rotation.
ROTATING = {
    **TOKEN_ANSWER,
    "access_token": "xoxe.xoxb-1-recorded",
    "expires_in": 43200,
    "refresh_token": "xoxe-1-recorded",
}
GONE = (200, {"ok": False, "error": "invalid_refresh_token"})
DEAD = (200, {"ok": False, "error": "token_revoked"})
REVOKED = Revoked(path="/api/auth.revoke", bearer="{token}", token="access")
# https://docs.slack.dev/reference/methods/auth.test
API = {
    "/auth.test": {
        "ok": True,
        "url": "https://analytical.slack.com/",
        "team": "Analytical",
        "user": "vendo",
        "team_id": "T0TEAM",
        "user_id": "U0BOT",
        "bot_id": "B0BOT",
        "is_enterprise_install": False,
    }
}
ACCOUNT = ("T0TEAM", "Analytical")
CONTEXT = {"team_id": "T0TEAM"}
VARIABLES = {"SLACK_BOT_TOKEN": "xoxb-recorded-0001"}
WAIVERS = {"pkce"}

provider = get("slack")


def test_the_bots_token_is_taken_and_does_not_expire() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, TOKEN_ANSWER)
    assert (answer.access_token, answer.refresh_token, answer.expires_in) == ("xoxb-recorded-0001", None, None)
    assert answer.scopes == tuple(scope.name for scope in provider.oauth.scopes)


def test_with_token_rotation_it_does() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, ROTATING)
    assert (answer.refresh_token, answer.expires_in) == ("xoxe-1-recorded", 43200)


def test_a_connection_is_known_by_its_workspace() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name, account.context) == (*ACCOUNT, CONTEXT)


def test_a_failure_is_in_the_body() -> None:
    assert provider.in_band
    assert (provider.in_band.path, DEAD[1]["error"] in provider.in_band.dead) == (("error",), True)
