"""OpenRouter. A key says who made it and how it is labelled; each may have a limit of its own."""

from connections.catalog._types import Account, Api, ApiKey, EnvVar, KeyField, Provider, Proxy, TokenAnswer


def _labelled(api: Api, answer: TokenAnswer) -> Account:
    """Without the maker as its id: two keys of one person, each with its limit, are two connections."""
    key = api.get("/v1/key")["data"]
    name = str(key.get("label") or f"OpenRouter key …{answer.access_token[-4:]}")
    return Account(id="", name=name, metadata={"free_tier": bool(key.get("is_free_tier"))})


def _key(api: Api) -> None:
    api.get("/v1/key")


provider = Provider(
    slug="openrouter",
    name="OpenRouter",
    category="AI",
    summary="Use the models of many makers through one account at OpenRouter.",
    docs_url="https://openrouter.ai/docs/api/reference/authentication",
    brand_color="#64748b",
    api_url="https://openrouter.ai/api",
    proxy=Proxy(),
    env=(EnvVar(name="OPENROUTER_API_KEY"),),
    auth=(
        ApiKey(
            keys_url="https://openrouter.ai/settings/keys",
            how="Create a key on OpenRouter's page of keys, with a credit limit if you like, and copy it.",
            fields=(KeyField(example="sk-or-v1-…"),),
            pattern=r"sk-or-v1-[A-Za-z0-9]{32,}",
            looks="begins with sk-or-v1-",
        ),
    ),
    identify=_labelled,
    verify=_key,
)
