"""Supabase's Management API. A grant is for one organization; a connection is for one of its projects."""

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    OAuth2,
    Place,
    Places,
    Provider,
    Proxy,
    Revocation,
    TokenAnswer,
)


def _organization(api: Api, answer: TokenAnswer) -> Account:
    """People choose one on Supabase's own page, so that the list has one entry."""
    organization, *_ = api.get("/v1/organizations")
    return Account(id=str(organization["id"]), name=str(organization["name"]))


def _projects(api: Api) -> tuple[Place, ...]:
    return tuple(
        Place(
            id=str(project["ref"]),
            name=str(project["name"]),
            context={"ref": str(project["ref"])},
            note=str(project["region"]),
            metadata={"region": project["region"]},
        )
        for project in api.get("/v1/projects")
    )


def _list_organizations(api: Api) -> None:
    api.get("/v1/organizations")


provider = Provider(
    slug="supabase",
    name="Supabase",
    category="Databases",
    summary="Manage a Supabase project: its database, functions, storage and keys.",
    docs_url="https://supabase.com/docs/guides/integrations/build-a-supabase-oauth-integration",
    brand_color="#3fcf8e",
    api_url="https://api.supabase.com",
    proxy=Proxy(),
    places=Places(noun="project", find=_projects),
    auth=(
        # Without scopes: what may be done is set where the OAuth app is registered, area by area, and shown to people
        # on Supabase's own page.
        OAuth2(
            register_url="https://supabase.com/dashboard/org/_/apps",
            register=(
                "Add an OAuth app to an organization of yours. Its permissions are what tools may do: let it read "
                "organizations and projects, and whatever else your tools need."
            ),
            authorize_url="https://api.supabase.com/v1/oauth/authorize",
            token_url="https://api.supabase.com/v1/oauth/token",
            lifetime=86_400,
            # https://supabase.com/docs/reference/api/v1-revoke-token
            revoke=Revocation(
                url="https://api.supabase.com/v1/oauth/revoke", auth="post", body="json", token_field="refresh_token"
            ),
        ),
        Brokered(toolkit="supabase"),
    ),
    context={"ref": "the project's reference, part of its addresses"},
    identify=_organization,
    verify=_list_organizations,
)
