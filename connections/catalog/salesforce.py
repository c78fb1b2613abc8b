"""Salesforce. Each organization has hosts of its own: one to sign in at, and one, told with the token, for the API.

How long a token lives, an organization decides and nobody tells; it is renewed as if it were the shortest time.
"""

from urllib.parse import urlsplit

from connections.catalog._types import (
    Account,
    Api,
    Ask,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    Scope,
    TokenAnswer,
)

USER = "/services/oauth2/userinfo"
MINUTE = 60  # seconds


def _user(api: Api, answer: TokenAnswer) -> Account:
    user = api.get(USER)
    host = str(urlsplit(str(answer.extra["instance_url"])).hostname)
    return Account(
        id=f"{user['organization_id']}/{user['user_id']}",
        name=str(user["preferred_username"]),
        metadata={"organization_id": str(user["organization_id"]), "email": user.get("email")},
        context={"instance_url": f"https://{host}", "instance_host": host},
    )


def _userinfo(api: Api) -> None:
    api.get(USER)


provider = Provider(
    slug="salesforce",
    name="Salesforce",
    category="CRM",
    summary="Read and write the records of a Salesforce organization.",
    docs_url="https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm&type=5",
    brand_color="#00a1e0",
    asks=(
        Ask(
            name="domain",
            label="Where you sign in",
            # The names that Salesforce gives out: production, sandboxes (login host or My Domain), developers' orgs.
            pattern=r"login|test|[a-z0-9]+(?:-{1,2}[a-z0-9]+)*"
            r"(?:\.(?:sandbox|develop|scratch|demo|patch|free|trailblaze))?\.my",
            looks="login, test (for a sandbox), or your My Domain, such as acme.my",
            default="login",
            suffix=".salesforce.com",
            example="login",
        ),
    ),
    api_url="https://{instance_host}",
    api_hosts=(".salesforce.com", ".force.com"),
    account_url="https://{domain}.salesforce.com",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://login.salesforce.com",
            register=(
                "In Setup, open the External Client App Manager and create an app with OAuth: the callback address, "
                "the scopes api, openid, id and refresh_token, and the web server flow with secret and PKCE. Package "
                "it, or let each organization install it, if others than its own are to connect."
            ),
            authorize_url="https://{domain}.salesforce.com/services/oauth2/authorize",
            token_url="https://{domain}.salesforce.com/services/oauth2/token",
            revoke=Revocation(url="https://{domain}.salesforce.com/services/oauth2/revoke"),
            client_auth="post",
            scopes=(Scope(name="api", meaning="Read and change what you can see and change", also=("full",)),),
            fixed_scopes=("openid", "id", "refresh_token"),
            # The answer has no `expires_in`: an organization's session time-out decides. This is the shortest that can
            # be set (https://help.salesforce.com/s/articleView?id=xcloud.admin_sessions.htm&type=5).
            lifetime=15 * MINUTE,
            # The identity service has no 401: an unknown token is a 403, "Bad_OAuth_Token".
            refused=frozenset({401, 403}),
            keep=("instance_url",),
        ),
    ),
    context={"instance_url": "the address of the organization's API", "instance_host": "its host alone"},
    identify=_user,
    verify=_userinfo,
)
