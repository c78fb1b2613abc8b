"""Microsoft 365, through Microsoft Graph: accounts of schools and companies, and personal ones."""

from connections.catalog._types import Account, Api, OAuth2, Provider, Proxy, Scope, TokenAnswer

GRAPH = "https://graph.microsoft.com"


def _person(api: Api, answer: TokenAnswer) -> Account:
    """`mail` is empty for people without a mailbox; the name they sign in with is always there."""
    me = api.get("/v1.0/me")
    name = str(me.get("mail") or me["userPrincipalName"])
    return Account(id=str(me["id"]), name=name, metadata={"display_name": me.get("displayName")})


def _me(api: Api) -> None:
    api.get("/v1.0/me")


def _scope(name: str, meaning: str) -> Scope:
    """Microsoft tells what was granted by the short name or the long one."""
    return Scope(name=name, meaning=meaning, also=(f"{GRAPH}/{name}",))


provider = Provider(
    slug="microsoft365",
    name="Microsoft 365",
    category="Office",
    summary="Read mail, calendar and files of a Microsoft 365 or Outlook account.",
    docs_url="https://learn.microsoft.com/graph/auth-v2-user",
    brand_color="#d83b01",
    api_url=GRAPH,
    proxy=Proxy(),
    auth=(
        # Nothing to revoke: Microsoft has no address for it but one that signs people out of everything
        # (https://learn.microsoft.com/graph/api/user-revokesigninsessions).
        OAuth2(
            profile="user_oauth",
            register_url="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
            register=(
                "Register an application for accounts of any organization and personal ones, enter the callback "
                "address for the platform Web, and add the permissions as delegated ones of Microsoft Graph. A client "
                "secret ends after two years at most: enter the next one in time."
            ),
            authorize_url="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",
            lifetime=3_600,
            client_auth="post",
            authorize_params={"prompt": "select_account"},
            scopes=(
                _scope("User.Read", "See your name and e-mail address"),
                _scope("Mail.Read", "Read your mail"),
                _scope("Calendars.Read", "Read your calendars"),
                _scope("Files.Read", "Read your files in OneDrive"),
            ),
            fixed_scopes=("offline_access",),
            # Each renewal brings another refresh token, good for ninety days
            # (https://learn.microsoft.com/entra/identity-platform/refresh-tokens).
            idle_days=90,
            # The person must be there: a password, a second factor or a policy has changed.
            dead=frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"}),
        ),
    ),
    identify=_person,
    verify=_me,
)
