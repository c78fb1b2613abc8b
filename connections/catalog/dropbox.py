"""Dropbox. Tokens live four hours; a refresh token, which does not expire, comes only with `token_access_type=offline`.

The scopes must be ticked on the app's Permissions tab at Dropbox. Calls are POSTs, even where they only read. What
files hold is at another address, content.dropboxapi.com, which the proxy does not reach: tools fetch it with the token.
"""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    OAuth2,
    Provider,
    Proxy,
    Revocation,
    Scope,
    TokenAnswer,
)


def _owner(api: Api, answer: TokenAnswer) -> Account:
    account = api.post("/2/users/get_current_account", None)
    email = str(account["email"])
    return Account(id=str(account["account_id"]), name=email, metadata={"email": email})


def _current_account(api: Api) -> None:
    api.post("/2/users/get_current_account", None)


provider = Provider(
    slug="dropbox",
    name="Dropbox",
    category="Files",
    summary="List and read the files of a Dropbox.",
    docs_url="https://developers.dropbox.com/oauth-guide",
    brand_color="#0061ff",
    api_url="https://api.dropboxapi.com",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://www.dropbox.com/developers/apps",
            register=(
                "Create an app with scoped access to the full Dropbox and tick the permissions on its tab Permissions. "
                "Apply for production before many people connect."
            ),
            authorize_url="https://www.dropbox.com/oauth2/authorize",
            token_url="https://api.dropboxapi.com/oauth2/token",
            lifetime=14_400,
            # Ends the refresh token of the access token too.
            revoke=Revocation(
                url="https://api.dropboxapi.com/2/auth/token/revoke", auth="bearer", body="none", token="access"
            ),
            scopes=(
                Scope(name="account_info.read", meaning="See your name and email address"),
                Scope(name="files.metadata.read", meaning="See the names and dates of your files and folders"),
                Scope(name="files.content.read", meaning="Read your files"),
            ),
            authorize_params={"token_access_type": "offline"},
        ),
        Brokered(toolkit="dropbox"),
    ),
    identify=_owner,
    verify=_current_account,
)
