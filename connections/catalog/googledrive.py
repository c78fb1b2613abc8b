"""Google Drive. Reading files is a restricted scope: Google reviews an app before everybody may use it."""

from connections.catalog._google import sign_in
from connections.catalog._types import Account, Api, Brokered, Provider, Proxy, Scope, TokenAnswer


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
        sign_in(
            Scope(
                name="https://www.googleapis.com/auth/drive.readonly",
                meaning="See and download all your Google Drive files",
                also=("https://www.googleapis.com/auth/drive",),
            ),
        ),
        Brokered(toolkit="googledrive"),
    ),
    identify=_owner,
    verify=_about,
)
