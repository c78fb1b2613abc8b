"""Discord, as a person. What a bot does on servers goes by the bot's own token, which this is not."""

from connections.catalog._types import Account, Api, Brokered, OAuth2, Provider, Proxy, Revocation, Scope, TokenAnswer


def _person(api: Api, answer: TokenAnswer) -> Account:
    me = api.get("/users/@me")
    name = str(me.get("global_name") or me["username"])
    return Account(id=str(me["id"]), name=name, metadata={"username": str(me["username"])})


def _me(api: Api) -> None:
    api.get("/users/@me")


provider = Provider(
    slug="discord",
    name="Discord",
    category="Messaging",
    summary="See who somebody is on Discord, and on which servers.",
    docs_url="https://docs.discord.com/developers/topics/oauth2",
    brand_color="#5865f2",
    api_url="https://discord.com/api/v10",
    # Calls that do not say what sends them are blocked (https://docs.discord.com/developers/reference#user-agent).
    api_headers={"User-Agent": "DiscordBot (vendo, 1)"},
    proxy=Proxy(),
    auth=(
        # A token lives for seven days; each renewal brings another refresh token.
        OAuth2(
            profile="user_oauth",
            register_url="https://discord.com/developers/applications",
            register="Create an application and add the callback address on its page OAuth2.",
            authorize_url="https://discord.com/oauth2/authorize",
            token_url="https://discord.com/api/oauth2/token",
            lifetime=604_800,
            revoke=Revocation(url="https://discord.com/api/oauth2/token/revoke"),
            scopes=(
                Scope(name="identify", meaning="See your name and picture"),
                Scope(name="guilds", meaning="See which servers you are on"),
            ),
        ),
        Brokered(toolkit="discord"),
    ),
    identify=_person,
    verify=_me,
)
