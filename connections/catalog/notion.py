"""Notion. Tokens do not expire; access is granted page by page on Notion's own consent page, so there are no scopes."""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    EnvVar,
    Json,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    TokenAnswer,
    Waiver,
)


def _workspace(api: Api, answer: TokenAnswer) -> Account:
    """The token answer itself names the workspace; the bot's id stands for this grant, as Notion's guide advises.

    A broker may keep that answer to itself; then the bot user says the same.
    """
    facts = answer.extra if "bot_id" in answer.extra else _facts(api.get("/v1/users/me"))
    name = str(facts.get("workspace_name") or "Notion workspace")
    return Account(id=str(facts["bot_id"]), name=name, metadata={"workspace_id": facts.get("workspace_id")})


def _facts(user: Json) -> Json:
    """https://developers.notion.com/reference/get-self."""
    return {**user["bot"], "bot_id": user["id"]}


def _bot_user(api: Api) -> None:
    api.get("/v1/users/me")


provider = Provider(
    slug="notion",
    name="Notion",
    category="Documents",
    summary="Read and write pages and databases of a Notion workspace.",
    docs_url="https://developers.notion.com/docs/authorization",
    brand_color="#191919",
    api_url="https://api.notion.com",
    api_headers={"Notion-Version": "2022-06-28"},
    proxy=Proxy(),
    env=(EnvVar(name="NOTION_TOKEN"),),
    auth=(
        OAuth2(
            register_url="https://www.notion.so/profile/integrations",
            register="Create a public integration and enter the callback address as its redirect URI.",
            authorize_url="https://api.notion.com/v1/oauth/authorize",
            token_url="https://api.notion.com/v1/oauth/token",
            revoke=Revocation(url="https://api.notion.com/v1/oauth/revoke", body="json"),
            authorize_params={"owner": "user"},
            token_body="json",
            keep=("workspace_id", "workspace_name", "bot_id"),
            pkce=Waiver(
                value=None,
                reason="The token endpoint's body is validated strictly and has no code_verifier.",
                source="https://developers.notion.com/reference/create-a-token",
                checked="2026-11-24",
            ),
        ),
        Brokered(toolkit="notion"),
    ),
    identify=_workspace,
    verify=_bot_user,
)
