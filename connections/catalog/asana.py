"""Asana. Tokens live an hour; the refresh token stays the same. Answers are wrapped in `data`.

The scopes must be ticked in the app's settings at Asana; an app registered with full permissions may ask for none of
them (https://developers.asana.com/docs/oauth-scopes).
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
    user = api.get("/users/me")["data"]
    email = str(user["email"])
    return Account(id=str(user["gid"]), name=email, metadata={"email": email})


def _me(api: Api) -> None:
    api.get("/users/me")


provider = Provider(
    slug="asana",
    name="Asana",
    category="Projects",
    summary="Read the projects of an Asana account, and add and change tasks.",
    docs_url="https://developers.asana.com/docs/oauth",
    brand_color="#f06a6a",
    api_url="https://app.asana.com/api/1.0",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://app.asana.com/0/my-apps",
            register=(
                "Create an app, enter the callback address on its page OAuth, tick the permissions, and let every "
                "workspace use it."
            ),
            authorize_url="https://app.asana.com/-/oauth_authorize",
            token_url="https://app.asana.com/-/oauth_token",
            lifetime=3_600,
            # Takes the refresh token only.
            revoke=Revocation(url="https://app.asana.com/-/oauth_revoke"),
            client_auth="post",
            scopes=(
                Scope(name="users:read", meaning="See your name and email address, and those of your team"),
                Scope(name="workspaces:read", meaning="See your workspaces"),
                Scope(name="projects:read", meaning="See your projects"),
                Scope(name="tasks:read", meaning="See your tasks"),
                Scope(name="tasks:write", meaning="Add and change tasks"),
            ),
        ),
        Brokered(toolkit="asana"),
    ),
    identify=_user,
    verify=_me,
)
