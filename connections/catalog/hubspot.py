"""HubSpot. An app is installed in an account; its tokens live half an hour, and the refresh token stays the same.

HubSpot dates its addresses, and ends the undated ones in 2027:
https://developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/migration-guide. It refuses a
sign-in that leaves out a scope which the app's settings call required.
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


def _portal(api: Api, answer: TokenAnswer) -> Account:
    details = api.get("/account-info/2026-09/details")
    portal = str(details["portalId"])
    return Account(
        id=portal,
        name=str(details.get("portalName") or f"HubSpot account {portal}"),
        metadata={"ui_domain": details.get("uiDomain"), "time_zone": details.get("timeZone")},
    )


def _details(api: Api) -> None:
    api.get("/account-info/2026-09/details")


provider = Provider(
    slug="hubspot",
    name="HubSpot",
    category="CRM",
    summary="Read the contacts, companies and deals of a HubSpot account, and change contacts.",
    docs_url="https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/"
    "working-with-oauth",
    brand_color="#ff7a59",
    api_url="https://api.hubapi.com",
    proxy=Proxy(),
    auth=(
        OAuth2(
            register_url="https://app.hubspot.com/developer",
            register=(
                "Create a public app and enter the callback address and the permissions among its settings for signing "
                "in."
            ),
            authorize_url="https://app.hubspot.com/oauth/authorize",
            token_url="https://api.hubapi.com/oauth/2026-09/token",
            lifetime=1_800,
            revoke=Revocation(url="https://api.hubapi.com/oauth/2026-09/token/revoke"),
            client_auth="post",
            scopes=(
                Scope(name="crm.objects.contacts.read", meaning="See your contacts"),
                Scope(name="crm.objects.contacts.write", meaning="Add, change and delete contacts"),
                Scope(name="crm.objects.companies.read", meaning="See your companies"),
                Scope(name="crm.objects.deals.read", meaning="See your deals"),
            ),
            # What every app needs, and what tells us whose account it is.
            fixed_scopes=("oauth",),
        ),
        Brokered(toolkit="hubspot"),
    ),
    identify=_portal,
    verify=_details,
)
