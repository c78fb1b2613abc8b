"""Google Sheets. Google has no scope for single spreadsheets but the ones that an app has made or been shown."""

from connections.catalog._google import ACCOUNT_URL, WHO, person, sign_in, userinfo
from connections.catalog._types import Brokered, Provider, Proxy, Scope

provider = Provider(
    slug="googlesheets",
    name="Google Sheets",
    category="Documents",
    summary="Read and write a person's Google spreadsheets.",
    docs_url="https://developers.google.com/workspace/sheets/api/scopes",
    brand_color="#34a853",
    api_url="https://sheets.googleapis.com",
    account_url=ACCOUNT_URL,
    proxy=Proxy(),
    auth=(
        sign_in(
            Scope(
                name="https://www.googleapis.com/auth/spreadsheets",
                meaning="See, add, change and delete all your Google spreadsheets",
                also=("https://www.googleapis.com/auth/drive",),
            ),
            fixed_scopes=WHO,
        ),
        Brokered(toolkit="googlesheets"),
    ),
    identify=person,
    verify=userinfo,
)
