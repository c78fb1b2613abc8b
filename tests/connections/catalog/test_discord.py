"""Discord: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# Shapes of https://docs.discord.com/developers/topics/oauth2, with values of our own.
TOKEN_ANSWER = {
    "access_token": "discord-recorded",
    "token_type": "Bearer",
    "expires_in": 604800,
    "refresh_token": "discord-refresh-recorded",
    "scope": "identify guilds",
}
REFRESH_ANSWER = {
    "access_token": "discord-renewed",
    "token_type": "Bearer",
    "expires_in": 604800,
    "refresh_token": "discord-refresh-rotated",
    "scope": "identify guilds",
}
REVOKED = Revoked(
    path="/api/oauth2/token/revoke", body={"token": "{token}"}, client=("test-client", "test-client-secret")
)
# https://docs.discord.com/developers/resources/user#get-current-user
API = {
    "/users/@me": {
        "id": "80351110224678912",
        "username": "ada",
        "global_name": "Ada Lovelace",
        "discriminator": "0",
        "avatar": None,
        "locale": "en-GB",
    }
}
ACCOUNT = ("80351110224678912", "Ada Lovelace")
WAIVERS: set[str] = set()

provider = get("discord")


def test_a_token_lives_for_a_week() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, TOKEN_ANSWER)
    assert (answer.expires_in, answer.scopes) == (7 * 24 * 3600, ("identify", "guilds"))


def test_people_without_a_display_name_are_known_by_their_user_name() -> None:
    me = {**API["/users/@me"], "global_name": None}
    assert provider.identify(RecordedApi({"/users/@me": me}), TokenAnswer(access_token="")).name == "ada"


def test_calls_say_what_sends_them() -> None:
    assert provider.api_headers["User-Agent"].startswith("DiscordBot (")
