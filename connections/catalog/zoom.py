"""Zoom, as a person. Tokens live an hour; each renewal ends the refresh token and brings another."""

from connections.catalog._types import Account, Api, Brokered, OAuth2, Provider, Proxy, Revocation, Scope, TokenAnswer


def _person(api: Api, answer: TokenAnswer) -> Account:
    me = api.get("/users/me")
    return Account(id=str(me["id"]), name=str(me["email"]), metadata={"account_id": str(me["account_id"])})


def _me(api: Api) -> None:
    api.get("/users/me")


provider = Provider(
    slug="zoom",
    name="Zoom",
    category="Meetings",
    summary="Plan and read your Zoom meetings.",
    docs_url="https://developers.zoom.us/docs/integrations/oauth/",
    brand_color="#0b5cff",
    api_url="https://api.zoom.us/v2",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://marketplace.zoom.us/develop/create",
            register=(
                "Create a general app that users manage, enter the callback address for redirects and in the allow "
                "list, and add the permissions as its scopes. Until Zoom has reviewed it, only people of your own "
                "account can connect."
            ),
            authorize_url="https://zoom.us/oauth/authorize",
            token_url="https://zoom.us/oauth/token",
            lifetime=3_600,
            # Knows access tokens only; with one, the grant goes.
            revoke=Revocation(url="https://zoom.us/oauth/revoke", token="access"),
            # The other names are those of apps that were registered before 2024.
            scopes=(
                Scope(name="user:read:user", meaning="See your profile", also=("user:read", "user_profile")),
                Scope(name="meeting:read:list_meetings", meaning="List your meetings", also=("meeting:read",)),
                Scope(name="meeting:read:meeting", meaning="Read your meetings", also=("meeting:read",)),
                Scope(name="meeting:write:meeting", meaning="Plan meetings for you", also=("meeting:write",)),
            ),
            # Ninety days (https://developers.zoom.us/docs/integrations/oauth/#refresh-an-access-token).
            idle_days=90,
        ),
        Brokered(toolkit="zoom"),
    ),
    identify=_person,
    verify=_me,
)
