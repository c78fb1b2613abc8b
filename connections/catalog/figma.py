"""Figma. One token per person and app: renewing it ends the one before, also for another workspace's connection."""

from connections.catalog._types import Account, Api, Brokered, InBand, OAuth2, Provider, Proxy, Scope, TokenAnswer


def _person(api: Api, answer: TokenAnswer) -> Account:
    me = api.get("/v1/me")
    return Account(id=str(me["id"]), name=str(me["handle"]), metadata={"email": me.get("email")})


def _me(api: Api) -> None:
    api.get("/v1/me")


provider = Provider(
    slug="figma",
    name="Figma",
    category="Design",
    summary="Read design files and take part in their comments.",
    docs_url="https://developers.figma.com/docs/rest-api/authentication/",
    brand_color="#f24e1e",
    api_url="https://api.figma.com",
    proxy=Proxy(),
    # With status 403 for all of them.
    in_band=InBand(path=("err",), dead=frozenset({"Invalid token", "Token expired"})),
    auth=(
        # A token lives for ninety days; the refresh token stays the same. There is no address to give them up.
        OAuth2(
            profile="user_oauth",
            register_url="https://www.figma.com/developers/apps",
            register=(
                "Create an app, add the callback address, tick the permissions, and publish it: privately for your own "
                "organization, or publicly, which Figma reviews."
            ),
            authorize_url="https://www.figma.com/oauth",
            token_url="https://api.figma.com/v1/oauth/token",
            refresh_url="https://api.figma.com/v1/oauth/refresh",
            lifetime=7_776_000,
            scopes=(
                Scope(name="current_user:read", meaning="See your name, e-mail address and picture"),
                Scope(name="file_content:read", meaning="Read files"),
                Scope(name="file_metadata:read", meaning="See who changed files and when"),
                Scope(name="file_comments:read", meaning="Read comments"),
                Scope(name="file_comments:write", meaning="Write and delete comments"),
            ),
        ),
        Brokered(toolkit="figma"),
    ),
    identify=_person,
    verify=_me,
)
