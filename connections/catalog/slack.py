"""Slack. An app is installed in a workspace and gets a bot's token; whoever installs it matters little afterwards.

The token does not expire, unless the operator turned token rotation on for the app: then it lives twelve hours.
Slack tells of failures in the body, with status 200 (https://docs.slack.dev/apis/web-api/#responses).
"""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    EnvVar,
    InBand,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    Scope,
    TokenAnswer,
    Waiver,
)


def _team(api: Api, answer: TokenAnswer) -> Account:
    found = api.post("/auth.test", None)
    team = str(found["team_id"])
    return Account(id=team, name=str(found["team"]), metadata={"url": found.get("url")}, context={"team_id": team})


def _test(api: Api) -> None:
    api.post("/auth.test", None)


provider = Provider(
    slug="slack",
    name="Slack",
    category="Messaging",
    summary="Read and write messages in the channels of a Slack workspace.",
    docs_url="https://docs.slack.dev/authentication/installing-with-oauth",
    brand_color="#4a154b",
    api_url="https://slack.com/api",
    in_band=InBand(
        path=("error",),
        dead=frozenset({"invalid_auth", "account_inactive", "token_expired", "token_revoked", "not_authed"}),
    ),
    proxy=Proxy(),
    env=(EnvVar(name="SLACK_BOT_TOKEN"),),
    auth=(
        OAuth2(
            register_url="https://api.slack.com/apps",
            register=(
                "Create an app from scratch and enter the callback address and the permissions, as bot token scopes, "
                "on its page OAuth & Permissions. Activate public distribution if other workspaces than its own are to "
                "connect."
            ),
            authorize_url="https://slack.com/oauth/v2/authorize",
            token_url="https://slack.com/api/oauth.v2.access",
            revoke=Revocation(url="https://slack.com/api/auth.revoke", auth="bearer", body="none", token="access"),
            scope_separator=",",
            scopes=(
                Scope(name="channels:read", meaning="See the names of your public channels"),
                Scope(name="channels:history", meaning="Read the public channels that the app is added to"),
                Scope(name="users:read", meaning="See who is in your workspace"),
                Scope(name="chat:write", meaning="Write messages in the app's own name"),
            ),
            dead=frozenset({"invalid_refresh_token"}),
            pkce=Waiver(
                value=None,
                reason="Taken only of apps made public clients, for good; their refresh tokens die in 30 days.",
                source="https://docs.slack.dev/authentication/using-pkce",
                checked="2026-11-28",
            ),
        ),
        Brokered(toolkit="slack"),
    ),
    context={"team_id": "the workspace"},
    identify=_team,
    verify=_test,
)
