"""First sign-in: a workspace gets its address."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Tenant, User
from tenants.workspaces import create_workspace


@pytest.fixture
def newcomer(db: None) -> User:
    user = User.objects.create_user("ada.lovelace@example.com", "correct horse battery")
    create_workspace(user)
    return user


def test_a_newcomer_is_asked_for_an_address_and_comes_back(
    client_for: Callable[[User], Client], newcomer: User
) -> None:
    client = client_for(newcomer)
    answer = client.get("/connections?x=1")
    assert answer.headers["Location"] == "/welcome?next=%2Fconnections%3Fx%3D1"
    answer = client.post("/welcome", {"name": "Ada's", "slug": "ada", "next": "/connections?x=1"})
    assert answer.headers["Location"] == "/connections?x=1"
    assert Tenant.objects.get(members=newcomer).slug == "ada"


def test_a_free_address_is_suggested(client_for: Callable[[User], Client], newcomer: User) -> None:
    Tenant.objects.create(name="x", slug="ada-lovelace")
    assert b'value="ada-lovelace-2"' in client_for(newcomer).get("/welcome").content


@pytest.mark.parametrize(
    ("slug", "advice"),
    [("acme", "taken"), ("admin", "reserved"), ("A b", "lower-case"), ("1a", "lower-case"), ("", "required")],
)
def test_an_unusable_address_is_refused_and_the_form_kept(
    slug: str, advice: str, client_for: Callable[[User], Client], newcomer: User, tenant: Tenant
) -> None:
    answer = client_for(newcomer).post("/welcome", {"name": "Kept name", "slug": slug})
    assert answer.status_code == 422
    assert "Kept name" in answer.text
    assert advice in answer.text


def test_the_way_on_stays_on_our_site(client_for: Callable[[User], Client], newcomer: User) -> None:
    answer = client_for(newcomer).post("/welcome", {"name": "A", "slug": "abc", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_the_signed_out_sign_in_first(browser: Client, db: None) -> None:
    assert browser.get("/welcome").headers["Location"].startswith("/accounts/login/")


def test_a_demo_sign_in_exists_only_in_a_demo(browser: Client, db: None) -> None:
    assert browser.post("/demo/sign-in").status_code == 404
