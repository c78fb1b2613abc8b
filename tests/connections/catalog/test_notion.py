"""Notion: recorded facts, and what we make of them."""

from connections import oauth
from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi, Revoked

# The shape of https://developers.notion.com/reference/create-a-token, with values of our own.
TOKEN_ANSWER = {
    "access_token": "ntn_recorded",
    "token_type": "bearer",
    "refresh_token": None,
    "bot_id": "b0000000-0000-4000-8000-000000000001",
    "workspace_icon": None,
    "workspace_name": "Ada's workspace",
    "workspace_id": "a0000000-0000-4000-8000-000000000001",
    "owner": {"type": "user", "user": {"object": "user", "id": "u1"}},
    "duplicated_template_id": None,
    "request_id": "r1",
}
# https://developers.notion.com/reference/revoke-token
REVOKED = Revoked(
    path="/v1/oauth/revoke",
    body={"token": "{token}"},
    client=("test-client", "test-client-secret"),
    token="access",
)
# https://developers.notion.com/reference/get-self
API = {
    "/v1/users/me": {
        "object": "user",
        "id": "b0000000-0000-4000-8000-000000000001",
        "type": "bot",
        "name": "Vendo",
        "bot": {"owner": {"type": "workspace", "workspace": True}, "workspace_name": "Ada's workspace"},
    }
}
ACCOUNT = ("b0000000-0000-4000-8000-000000000001", "Ada's workspace")
VARIABLES = {"NOTION_TOKEN": "ntn_recorded"}
WAIVERS = {"pkce"}

provider = get("notion")


def test_a_token_answer_does_not_expire_and_names_its_workspace() -> None:
    assert provider.oauth
    answer = oauth.read_answer(provider.oauth, TOKEN_ANSWER)
    assert (answer.access_token, answer.refresh_token, answer.expires_in) == ("ntn_recorded", None, None)
    account = provider.identify(RecordedApi({}), answer)
    assert (account.id, account.name) == ACCOUNT


def test_only_what_identify_reads_is_kept_of_the_answer() -> None:
    assert provider.oauth
    assert "owner" not in oauth.read_answer(provider.oauth, TOKEN_ANSWER).extra


def test_verification_asks_for_the_bot_user() -> None:
    api = RecordedApi(API)
    provider.verify(api)
    assert api.asked == ["/v1/users/me"]


def test_the_bot_user_names_its_workspace_where_the_token_answer_is_not_seen() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=""))
    assert (account.id, account.name) == ACCOUNT
