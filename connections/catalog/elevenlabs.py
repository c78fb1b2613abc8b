"""ElevenLabs. A key may be limited to some permissions; reading the user is one, and needed here."""

from connections.catalog._types import Account, Api, ApiKey, EnvVar, InBand, KeyField, Provider, Proxy, TokenAnswer


def _user(api: Api, answer: TokenAnswer) -> Account:
    """Known by its person; two keys of one person are two connections, as each may have a quota of its own."""
    user = api.get("/v1/user")
    name = str(user.get("first_name") or user["user_id"])
    metadata = {"user_id": str(user["user_id"]), "tier": str(user["subscription"]["tier"])}
    return Account(id="", name=f"{name} …{answer.access_token[-4:]}", metadata=metadata)


def _read_user(api: Api) -> None:
    api.get("/v1/user")


provider = Provider(
    slug="elevenlabs",
    name="ElevenLabs",
    category="AI",
    summary="Turn text into speech and speech into text on your own account.",
    docs_url="https://elevenlabs.io/docs/api-reference/authentication",
    brand_color="#000000",
    api_url="https://api.elevenlabs.io",
    proxy=Proxy(header="xi-api-key", scheme=None),
    env=(EnvVar(name="ELEVENLABS_API_KEY"),),
    # Both are 401: an unknown key, and one without the permission ("missing_permissions").
    in_band=InBand(path=("detail", "status"), dead=frozenset({"invalid_api_key"})),
    auth=(
        ApiKey(
            keys_url="https://elevenlabs.io/app/settings/api-keys",
            how="Create a key on ElevenLabs's page of API keys, let it read the user (User: Read), and copy it.",
            fields=(KeyField(example="sk_…"),),
            pattern=r"(?:sk_)?[0-9a-f]{32,64}",
            looks="begins with sk_ (older ones are 32 letters and digits)",
            needs="read the user",
        ),
    ),
    identify=_user,
    verify=_read_user,
)
