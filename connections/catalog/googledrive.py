"""Google Drive. Access tokens live an hour; a refresh token comes only with `access_type=offline` and fresh consent."""

from connections.catalog._types import Account, Api, Brokered, OAuth2, Provider, Proxy, Revocation, Scope, TokenAnswer


def _owner(api: Api, answer: TokenAnswer) -> Account:
    user = api.get("/drive/v3/about", fields="user")["user"]
    email = str(user["emailAddress"])
    return Account(id=str(user["permissionId"]), name=email, metadata={"email": email})


def _about(api: Api) -> None:
    api.get("/drive/v3/about", fields="user")


provider = Provider(
    slug="googledrive",
    name="Google Drive",
    category="Files",
    summary="List and read the files of a Google Drive.",
    docs_url="https://developers.google.com/workspace/drive/api/guides/about-auth",
    brand_color="#1a73e8",
    api_url="https://www.googleapis.com",
    proxy=Proxy(),
    auth=(
        OAuth2(
            profile="user_oauth",
            authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
            token_url="https://oauth2.googleapis.com/token",
            revoke=Revocation(url="https://oauth2.googleapis.com/revoke"),
            client_auth="post",
            scopes=(
                Scope(
                    name="https://www.googleapis.com/auth/drive.readonly",
                    meaning="See and download all your Google Drive files",
                ),
            ),
            # `consent` because Google hands out a refresh token only when the person is asked anew.
            authorize_params={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
        ),
        Brokered(toolkit="googledrive"),
    ),
    identify=_owner,
    verify=_about,
)
