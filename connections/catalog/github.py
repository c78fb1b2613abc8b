"""GitHub. An OAuth app's tokens do not expire, and none of its scopes is for reading private repositories only.

A GitHub App's client works too: its tokens live eight hours, and it takes its permissions from its own settings.
"""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    EnvVar,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    Scope,
    TokenAnswer,
)


def _user(api: Api, answer: TokenAnswer) -> Account:
    """People may change their login; the number stays."""
    user = api.get("/user")
    login = str(user["login"])
    return Account(id=str(user["id"]), name=login, context={"login": login})


def _me(api: Api) -> None:
    api.get("/user")


provider = Provider(
    slug="github",
    name="GitHub",
    category="Code",
    summary="Work with the repositories, issues and pull requests of a GitHub account.",
    docs_url="https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    brand_color="#181717",
    api_url="https://api.github.com",
    # Calls without a User-Agent are refused.
    api_headers={"User-Agent": "Vendo"},
    proxy=Proxy(),
    env=(EnvVar(name="GITHUB_TOKEN"),),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://github.com/settings/developers",
            register="Register an OAuth app; it takes one callback address.",
            authorize_url="https://github.com/login/oauth/authorize",
            token_url="https://github.com/login/oauth/access_token",
            # https://docs.github.com/en/apps/github-authentication-discovery-endpoints
            issuer="https://github.com/login/oauth",
            # Of one token. The same address with /grant ends the person's connections in other workspaces too.
            revoke=Revocation(
                url="https://api.github.com/applications/{client_id}/token",
                method="DELETE",
                auth="basic",
                body="json",
                token_field="access_token",
                token="access",
            ),
            client_auth="post",
            scopes=(
                Scope(name="repo", meaning="Read and write all repositories that you can, private ones too"),
                Scope(name="read:user", meaning="See your profile", also=("user",)),
            ),
            dead=frozenset({"bad_refresh_token"}),
            idle_days=180,
        ),
        Brokered(toolkit="github"),
    ),
    context={"login": "the user's name at GitHub"},
    identify=_user,
    verify=_me,
)
