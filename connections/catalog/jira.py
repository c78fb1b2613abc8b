"""Jira in Atlassian's cloud. A grant may cover several sites; a connection is for one, named in every address."""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    OAuth2,
    Place,
    Places,
    Provider,
    Proxy,
    Scope,
    TokenAnswer,
)

WORK = "read:jira-work"


def _person(api: Api, answer: TokenAnswer) -> Account:
    me = api.get("/me")
    return Account(id=str(me["account_id"]), name=str(me["name"]))


def _sites(api: Api) -> tuple[Place, ...]:
    """One entry for each product of each site; those with Jira's scopes are the Jiras."""
    return tuple(
        Place(
            id=str(site["id"]),
            name=str(site["name"]),
            context={"cloud_id": str(site["id"]), "site_url": str(site["url"])},
            note=str(site["url"]),
        )
        for site in api.get("/oauth/token/accessible-resources")
        if WORK in site["scopes"]
    )


def _me(api: Api) -> None:
    api.get("/me")


provider = Provider(
    slug="jira",
    name="Jira",
    category="Projects",
    summary="Read and write the issues of a Jira site in the cloud.",
    docs_url="https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/",
    brand_color="#0052cc",
    api_url="https://api.atlassian.com/ex/jira/{cloud_id}",
    account_url="https://api.atlassian.com",
    proxy=Proxy(),
    places=Places(noun="site", find=_sites),
    auth=(
        # Atlassian has no address where a grant is given up; people do that in their account, under connected apps.
        OAuth2(
            profile="user_oauth",
            register_url="https://developer.atlassian.com/console/myapps/",
            register=(
                "Create an OAuth 2.0 integration, add the Jira API and the User identity API with the permissions, and "
                "enter the callback address under Authorization. Share it under Distribution, or nobody but you can "
                "connect."
            ),
            authorize_url="https://auth.atlassian.com/authorize",
            token_url="https://auth.atlassian.com/oauth/token",
            lifetime=3_600,
            client_auth="post",
            token_body="json",
            authorize_params={"audience": "api.atlassian.com", "prompt": "consent"},
            scopes=(
                Scope(name=WORK, meaning="Read projects and issues"),
                Scope(name="write:jira-work", meaning="Create and change issues"),
                Scope(name="read:jira-user", meaning="See who works on issues"),
                Scope(name="read:me", meaning="See your name and e-mail address"),
            ),
            fixed_scopes=("offline_access",),
            # Each renewal brings another refresh token, good for ninety days
            # (https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens/).
            idle_days=90,
        ),
        Brokered(toolkit="jira"),
    ),
    context={"cloud_id": "the site's id, part of addresses", "site_url": "the address at which people open the site"},
    identify=_person,
    verify=_me,
)
