"""Airtable. Tokens live an hour; a refresh token is good for one renewal, and dies after sixty days of disuse.

A person chooses on Airtable's own page which bases are shared. PKCE is required. No address is documented at which a
token is given up (https://airtable.com/developers/web/api/oauth-reference); people do that in their settings there.
"""

from connections.catalog._types import Account, Api, Brokered, OAuth2, Provider, Proxy, Scope, TokenAnswer


def _user(api: Api, answer: TokenAnswer) -> Account:
    """The address is told only with the scope for it, which a token of Composio may lack."""
    user = api.get("/v0/meta/whoami")
    email = user.get("email")
    return Account(id=str(user["id"]), name=str(email or "Airtable account"), metadata={"email": email})


def _whoami(api: Api) -> None:
    api.get("/v0/meta/whoami")


provider = Provider(
    slug="airtable",
    name="Airtable",
    category="Databases",
    summary="Read and write the records of the Airtable bases that you choose.",
    docs_url="https://airtable.com/developers/web/api/oauth-reference",
    brand_color="#18bfff",
    api_url="https://api.airtable.com",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://airtable.com/create/oauth",
            register="Register an integration, tick the permissions, and make a client secret.",
            authorize_url="https://airtable.com/oauth2/v1/authorize",
            token_url="https://airtable.com/oauth2/v1/token",
            lifetime=3_600,
            scopes=(
                Scope(name="data.records:read", meaning="See the records of the bases you choose"),
                Scope(name="data.records:write", meaning="Add, change and delete records there"),
                Scope(name="schema.bases:read", meaning="See which tables and fields those bases have"),
                Scope(name="user.email:read", meaning="See your email address"),
            ),
            idle_days=60,
        ),
        Brokered(toolkit="airtable"),
    ),
    identify=_user,
    verify=_whoami,
)
