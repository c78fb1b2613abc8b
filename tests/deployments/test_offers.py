"""The catalogue for programs and embedded pages: integrations and logos (contract section 4)."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connections import catalog
from connections.models import Integration
from tenants.models import User

pytestmark = pytest.mark.django_db
type ExtraProvider = Callable[..., Integration]

KEYS = {
    "slug": str,
    "provider": str,
    "name": str,
    "description": str,
    "category": str,
    "logo_url": str,
    "icon_name": str,
    "brand_color": str,
    "docs_url": str,
    "supported_profiles": list,
    "default_profile": str,
    "enabled": bool,
    "featured": bool,
}


@pytest.fixture
def anybody() -> Client:
    """A program without a key."""
    return Client(headers={"host": "localhost:8000"})


def listed(client: Client) -> dict[str, dict[str, Any]]:
    return {row["slug"]: row for row in client.get("/api/integrations").json()["integrations"]}


def test_every_enabled_integration_with_every_key(anybody: Client) -> None:
    found = listed(anybody)
    assert found.keys() == catalog.all_providers().keys()
    for entry in found.values():
        assert entry.keys() == KEYS.keys() | {"env_bootstrap"}
        assert {name: type(entry[name]) for name in KEYS} == KEYS
        assert entry["name"]
        assert entry["category"]
    assert found["notion"]["env_bootstrap"] == {
        "vars": [{"name": "NOTION_TOKEN", "value_from": "access_token"}],
        "restart": "gateway",
    }
    assert found["googledrive"]["env_bootstrap"] is None
    assert (found["notion"]["provider"], found["notion"]["default_profile"]) == ("notion", "oauth_app_install")


def test_one_is_the_same_object_unwrapped(anybody: Client) -> None:
    assert anybody.get("/api/integrations/notion").json() == listed(anybody)["notion"]


def test_an_operator_features_and_disables(anybody: Client) -> None:
    Integration.objects.filter(slug="notion").update(featured=True)
    Integration.objects.filter(slug="googledrive").update(enabled=False)
    found = listed(anybody)
    assert found["notion"]["featured"] is True
    assert "googledrive" not in found


@pytest.mark.parametrize("bearer", ["", "Bearer nonsense", "Bearer vendo_sk_" + "x" * 32])
def test_a_bearer_is_not_looked_at(anybody: Client, bearer: str) -> None:
    for path in ("/api/integrations", "/api/integrations/notion"):
        response = anybody.get(path, headers={"authorization": bearer})
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=300"


def test_the_answer_depends_on_nobody(anybody: Client, owner: User, client_for: Callable[..., Client]) -> None:
    response = client_for(owner).get("/api/integrations")
    assert response.content == anybody.get("/api/integrations").content
    assert not response.cookies


@pytest.mark.parametrize(
    ("slug", "status", "code"),
    [
        ("nobody", 404, "provider_unknown"),
        ("gone", 404, "provider_unknown"),
        ("_bulk", 400, "validation_failed"),
        ("No", 400, "validation_failed"),
        ("a%00b", 400, "validation_failed"),
        ("%ff", 400, "validation_failed"),
        ("x" * 40, 400, "validation_failed"),
        ("notion/more", 404, "not_found"),
        ("", 404, "not_found"),
    ],
)
def test_what_is_not_there(anybody: Client, extra_provider: ExtraProvider, slug: str, status: int, code: str) -> None:
    Integration.objects.filter(pk=extra_provider("gone").pk).update(enabled=False)
    response = anybody.get(f"/api/integrations/{slug}")
    assert (response.status_code, response.headers["Vendo-Error-Code"]) == (status, code)
    assert response.json()["error"]["code"] == code
    assert response.headers["Cache-Control"] == "no-store"


def test_it_takes_one_query(
    anybody: Client, extra_provider: ExtraProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        extra_provider(f"p{number}")
    with django_assert_num_queries(1):
        assert len(listed(anybody)) == len(catalog.all_providers())


# --- logos ------------------------------------------------------------------------------------------------------------


def test_every_logo_shows_on_any_page(anybody: Client, extra_provider: ExtraProvider) -> None:
    extra_provider("third", name="Ünï & Co", brand_color="#ff8800")
    for entry in listed(anybody).values():
        address = urlsplit(entry["logo_url"])
        assert (address.scheme, address.netloc) == ("http", "localhost:8000")
        response = anybody.get(address.path)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "image/svg+xml"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cache-Control"] == "public, max-age=86400"
        assert ET.fromstring(response.text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  (ours)


def test_without_a_file_it_is_a_letter_on_the_brands_colour(anybody: Client, extra_provider: ExtraProvider) -> None:
    extra_provider("third", name="<Third>", brand_color="#ff8800")
    picture = anybody.get("/logos/third.svg").text
    assert 'fill="#ff8800"' in picture
    assert "&lt;Third&gt;" in picture
    assert ">&lt;</text>" in picture


@pytest.mark.parametrize(
    ("slug", "code"), [("nobody", "provider_unknown"), ("notion.svg/..", "not_found"), ("No", "validation_failed")]
)
def test_a_logo_of_nobody(anybody: Client, slug: str, code: str) -> None:
    assert anybody.get(f"/logos/{slug}.svg").headers["Vendo-Error-Code"] == code
