"""OpenAI. Keys do not expire and do not say whose they are; a project key may be limited to some permissions."""

from connections.catalog._types import Account, Api, ApiKey, EnvVar, KeyField, Provider, Proxy, TokenAnswer


def _named_by_its_end(api: Api, answer: TokenAnswer) -> Account:
    """OpenAI's own list of keys tells them apart by their last characters too."""
    _models(api)
    return Account(id="", name=f"OpenAI key …{answer.access_token[-4:]}")


def _models(api: Api) -> None:
    api.get("/v1/models")


provider = Provider(
    slug="openai",
    name="OpenAI",
    category="AI",
    summary="Use OpenAI's models on your own account.",
    docs_url="https://platform.openai.com/docs/api-reference/authentication",
    brand_color="#0d0d0d",
    api_url="https://api.openai.com",
    proxy=Proxy(),
    env=(EnvVar(name="OPENAI_API_KEY"),),
    auth=(
        ApiKey(
            keys_url="https://platform.openai.com/api-keys",
            how="Create a secret key on OpenAI's page of API keys and copy it before you close the page.",
            fields=(KeyField(example="sk-…"),),
            pattern=r"sk-[A-Za-z0-9_-]{20,}",
            looks="begins with sk- and is at least 23 characters long",
            needs="list models",
        ),
    ),
    identify=_named_by_its_end,
    verify=_models,
)
