"""Anthropic. Keys do not expire and do not say whose they are; every call names a version of the API."""

from connections.catalog._types import Account, Api, ApiKey, EnvVar, KeyField, Provider, Proxy, TokenAnswer


def _named_by_its_end(api: Api, answer: TokenAnswer) -> Account:
    """The console's own list of keys tells them apart by their last characters too."""
    _models(api)
    return Account(id="", name=f"Anthropic key …{answer.access_token[-4:]}")


def _models(api: Api) -> None:
    api.get("/v1/models")


provider = Provider(
    slug="anthropic",
    name="Anthropic",
    category="AI",
    summary="Use Claude, Anthropic's models, on your own account.",
    docs_url="https://platform.claude.com/docs/en/api/overview",
    brand_color="#191919",
    api_url="https://api.anthropic.com",
    # Asked for with every call; the only stable version so far (https://platform.claude.com/docs/en/api/versioning).
    api_headers={"anthropic-version": "2023-06-01"},
    proxy=Proxy(header="x-api-key", scheme=None),
    env=(EnvVar(name="ANTHROPIC_API_KEY"),),
    auth=(
        ApiKey(
            keys_url="https://platform.claude.com/settings/keys",
            how="Create a key on the page of API keys in Anthropic's console and copy it before you close it.",
            fields=(KeyField(example="sk-ant-api03-…"),),
            # Not sk-ant-admin…, which manages an organization and is of no use for models, nor sk-ant-oat…, of an app.
            pattern=r"sk-ant-api[0-9]{2}-[A-Za-z0-9_-]{20,}",
            looks="begins with sk-ant-api",
        ),
    ),
    identify=_named_by_its_end,
    verify=_models,
)
