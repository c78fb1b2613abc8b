"""GitLab. Tokens live two hours, and a renewal ends both the token and the refresh token before it.

An operator points a GitLab of their own at itself with the overrides of the endpoints; tenants can't name one.
"""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    Scope,
    TokenAnswer,
)


def _user(api: Api, answer: TokenAnswer) -> Account:
    user = api.get("/api/v4/user")
    username = str(user["username"])
    return Account(id=str(user["id"]), name=username, metadata={"username": username})


def _me(api: Api) -> None:
    api.get("/api/v4/user")


provider = Provider(
    slug="gitlab",
    name="GitLab",
    category="Code",
    summary="Read the projects, issues and merge requests of a GitLab account.",
    docs_url="https://docs.gitlab.com/api/oauth2/",
    brand_color="#fc6d26",
    api_url="https://gitlab.com",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://gitlab.com/-/user_settings/applications",
            register="Add a confidential application with the permissions.",
            authorize_url="https://gitlab.com/oauth/authorize",
            token_url="https://gitlab.com/oauth/token",
            lifetime=7_200,
            revoke=Revocation(url="https://gitlab.com/oauth/revoke"),
            client_auth="post",
            scopes=(
                Scope(
                    name="read_api",
                    meaning="See your projects and groups, their code, issues and merge requests",
                    also=("api",),
                ),
            ),
        ),
        Brokered(toolkit="gitlab"),
    ),
    identify=_user,
    verify=_me,
)
