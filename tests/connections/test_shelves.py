"""What can be connected, with the whole catalogue: featured first, found by words or category, at a flat price."""

import re
from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import catalog
from connections.models import Connection, Integration
from connections.shelves import FEATURED, Look, categories, shelves
from deployments import bindings
from deployments.projects import create_project
from tenants.models import Tenant, User

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db


def seen(look: Look) -> set[str]:
    return {card.integration.slug for shelf in shelves([], look) for card in shelf.cards if card.shown}


def test_everything_stands_on_one_shelf() -> None:
    slugs = [card.integration.slug for shelf in shelves([], Look()) for card in shelf.cards]
    assert sorted(slugs) == sorted(catalog.all_providers())


def test_what_operators_feature_comes_first() -> None:
    Integration.objects.filter(slug__in=["zoom", "airtable"]).update(featured=True)
    first, others = shelves([], Look())
    assert (first.title, [card.integration.slug for card in first.cards]) == (FEATURED, ["airtable", "zoom"])
    places = [(not card.integration.configured, card.integration.provider.name.casefold()) for card in others.cards]
    assert places == sorted(places)


def test_all_words_must_be_there_in_any_order() -> None:
    assert seen(Look(words="drive GOOGLE")) == {"googledrive"}
    assert seen(Look(words="no such provider")) == set()


def test_a_category_and_words_narrow_it_together() -> None:
    category = catalog.get("openai").category
    assert {"openai", "anthropic"} <= seen(Look(category=category))
    assert seen(Look(category=category, words="openai")) == {"openai"}


def test_a_featured_one_is_found_in_its_category() -> None:
    Integration.objects.filter(slug="zoom").update(featured=True)
    category = catalog.get("zoom").category
    assert "zoom" in seen(Look(category=category))
    assert category in categories(shelves([], Look()))


def test_the_page_hides_what_is_not_looked_for(client_for: SignIn, owner: User) -> None:
    page = client_for(owner).get("/connections", {"q": "notion"}).text
    assert 'name="q" value="notion"' in page
    cards = re.findall(r'<li class="card card--offer" data-filter-text="(\w+)[^>]*?( hidden)?>', page)
    assert len(cards) == len(catalog.all_providers())
    assert [name for name, hidden in cards if not hidden] == ["Notion"]


def test_a_search_without_result_offers_to_ask(client_for: SignIn, owner: User, viewer: User) -> None:
    page = client_for(owner).get("/connections", {"q": "<acme>"}).text
    assert "Nothing here matches “<span data-filter-query>&lt;acme&gt;</span>”" in page
    assert 'formaction="/connections#connections-requests"' in page
    assert "formaction" not in client_for(viewer).get("/connections", {"q": "acme"}).text


def test_many_connections_cost_no_more_queries(
    client_for: SignIn, owner: User, tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    client, app = client_for(owner), create_project(tenant, "Laptop")
    bindings.bind(app, make_connection(tenant, "notion"))

    def price() -> int:
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert client.get("/connections").status_code == 200
        return len(queries)

    before = price()
    for slug in catalog.all_providers():
        for number in range(3):
            made = make_connection(tenant, slug, display_name=f"{slug} {number}")
        if slug != "notion":
            bindings.bind(app, made)
    assert price() == before
