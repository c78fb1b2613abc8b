"""Projects, and the origins an app may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.popup import origin_of
from deployments.models import App
from deployments.projects import MOST_ORIGINS, OriginRefused, allow_origins, create_project, rename
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def test_a_project_is_an_app_without_a_deployment(tenant: Tenant) -> None:
    project = create_project(tenant, "Laptop")
    assert (project.kind, project.tenant, project.allowed_origins) == (App.Kind.PROJECT, tenant, [])


def test_it_can_be_renamed(project: App) -> None:
    rename(project, "Desk")
    assert App.everyone.get(pk=project.pk).name == "Desk"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://app.example.org", "https://app.example.org"),
        (" https://App.Example.org/ ", "https://app.example.org"),
        ("https://app.example.org:443", "https://app.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(project: App, written: str, kept: str) -> None:
    allow_origins(project, [written, written])
    assert App.everyone.get(pk=project.pk).allowed_origins == [kept]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "*",
        "null",
        "app.example.org",
        "https://*.example.org",
        "https://app.example.org/path",
        "https://app.example.org?query",
        "https://app.example.org#fragment",
        "https://user@app.example.org",
        "https://app.example.org:99999",
        "https://a b.example.org",
        "https://[::1",
        "javascript:alert(1)",
        "ftp://example.org",
        "https://exämple.org",
    ],
)
def test_what_is_no_origin_is_refused_and_changes_nothing(project: App, written: str) -> None:
    allow_origins(project, ["https://kept.example.org"])
    with pytest.raises(OriginRefused, match="not an origin"):
        allow_origins(project, ["https://new.example.org", written])
    assert App.everyone.get(pk=project.pk).allowed_origins == ["https://kept.example.org"]


def test_there_is_a_limit(project: App) -> None:
    with pytest.raises(OriginRefused, match="at most"):
        allow_origins(project, [f"https://{n}.example.org" for n in range(MOST_ORIGINS + 1)])


@given(st.text())
def test_any_text_has_an_origin_or_none(text: str) -> None:
    origin = origin_of(text)
    assert origin is None or origin_of(origin) == origin
