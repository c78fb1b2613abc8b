"""What Google's APIs have in common: one way to sign in, and one place that says who did.

Access tokens live an hour. A refresh token dies after six months of disuse, and after a week while the operator's
consent screen is in testing (https://developers.google.com/identity/protocols/oauth2#expiration).
"""

from connections.catalog._types import Account, Api, OAuth2, Revocation, Scope, TokenAnswer

# Where Google says who signed in, for its APIs that don't, and the scopes by which it does.
ACCOUNT_URL = "https://openidconnect.googleapis.com"
WHO = ("openid", "https://www.googleapis.com/auth/userinfo.email")


def sign_in(*scopes: Scope, fixed_scopes: tuple[str, ...] = ()) -> OAuth2:
    """Google's OAuth 2.0 for web servers, asking for `scopes`.

    Scopes granted to our other Google integrations are left out on purpose (no `include_granted_scopes`): the token of
    one must not open another.
    """
    return OAuth2(
        profile="user_oauth",
        register_url="https://console.cloud.google.com/auth/clients",
        register=(
            "Create a client of the type web application, switch on the API of this integration in the library of "
            "APIs, and enter the permissions on the page Data access. Publish the app: while its consent screen is in "
            "testing, connections end after a week."
        ),
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",
        lifetime=3_600,
        revoke=Revocation(url="https://oauth2.googleapis.com/revoke"),
        client_auth="post",
        scopes=scopes,
        fixed_scopes=fixed_scopes,
        # `consent` because Google hands out a refresh token only when the person is asked anew.
        authorize_params={"access_type": "offline", "prompt": "consent"},
        idle_days=180,
    )


def person(api: Api, answer: TokenAnswer) -> Account:
    """Who signed in; `sub` stays when an address changes (OpenID Connect Core section 5.7)."""
    claims = api.get("/v1/userinfo")
    email = str(claims["email"])
    return Account(id=str(claims["sub"]), name=email, metadata={"email": email})


def userinfo(api: Api) -> None:
    """Fails when the token no longer works."""
    api.get("/v1/userinfo")
