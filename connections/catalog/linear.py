"""Linear. The API is GraphQL at one address; tokens live a day, and a refresh token is good for one renewal.

https://linear.app/developers/oauth-2-0-authentication, which has no scope that is narrower than reading everything.
"""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    InBand,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    Scope,
    TokenAnswer,
)

WHO = {"query": "{ viewer { id email organization { name urlKey } } }"}


def _member(api: Api, answer: TokenAnswer) -> Account:
    """A person has another id in each workspace, so that it stands for both."""
    viewer = api.post("/graphql", WHO)["data"]["viewer"]
    organization, email = viewer["organization"], str(viewer["email"])
    return Account(
        id=str(viewer["id"]),
        name=f"{email} in {organization['name']}",
        metadata={"email": email, "workspace": organization["urlKey"]},
    )


def _viewer(api: Api) -> None:
    api.post("/graphql", WHO)


provider = Provider(
    slug="linear",
    name="Linear",
    category="Projects",
    summary="Read the issues of a Linear workspace, add some, and comment on them.",
    docs_url="https://linear.app/developers/oauth-2-0-authentication",
    brand_color="#5e6ad2",
    api_url="https://api.linear.app",
    in_band=InBand(path=("errors", 0, "extensions", "code"), dead=frozenset({"AUTHENTICATION_ERROR"})),
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://linear.app/settings/api/applications/new",
            register="Create an application, and make it public if other workspaces than its own are to connect.",
            authorize_url="https://linear.app/oauth/authorize",
            token_url="https://api.linear.app/oauth/token",
            lifetime=86_400,
            revoke=Revocation(url="https://api.linear.app/oauth/revoke"),
            client_auth="post",
            scope_separator=",",
            scopes=(
                Scope(name="read", meaning="See the issues, projects and people of your workspace"),
                Scope(name="issues:create", meaning="Add issues in your name", also=("write",)),
                Scope(name="comments:create", meaning="Comment in your name", also=("write",)),
            ),
            # Asks which workspace every time, so that a person can connect a second one.
            authorize_params={"prompt": "consent"},
        ),
        Brokered(toolkit="linear"),
    ),
    identify=_member,
    verify=_viewer,
)
