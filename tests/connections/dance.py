"""Connecting as a person does, with a provider that is played: from our window to the provider's page and back."""

import json
import re
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.test import Client

from connections import catalog
from tests.played import Played

type Sent = Any  # Django's test client's answers have no type of their own


def facts_of(slug: str) -> ModuleType:
    """What the provider's own test has recorded."""
    return import_module(f"tests.connections.catalog.test_{slug.replace('-', '_')}")


def played(slug: str) -> Played:
    """A provider of the catalogue, ready to run."""
    return Played(provider=catalog.get(slug), facts=facts_of(slug))


def connect(client: Client, provider: Played, **query: str) -> Sent:
    """Go through the window, and agree to everything; returns its last page."""
    window = f"/connections/connect/{provider.provider.slug}"
    if not provider.signs_in:
        return client.post(window, provider.fact("PASTED") | provider.asked_of_people, query_params=query)
    back = client.get(sent_back(client, provider, **query))
    if back.status_code != 302:
        return back
    place = provider.fact("PLACE")
    assert f'value="{place}"' in client.get(back.headers["Location"]).text
    return client.post(back.headers["Location"], {"place": place})


def sent_back(client: Client, provider: Played, **query: str) -> str:
    """Leave for the provider and agree there; returns the address on which it sends the browser back."""
    slug = provider.provider.slug
    leave = client.get(f"/api/oauth/{slug}/authorize", query)
    if provider.asked_of_people:
        typed = {f"ask-{name}": value for name, value in provider.asked_of_people.items()}
        answer = client.post(f"/connections/connect/{slug}", {"sign-in": "", **typed}, query_params=query)
        leave = client.get(answer.headers["Location"])
    assert leave.status_code == 302, leave.text
    page = httpx2.get(leave.headers["Location"])
    assert page.status_code == 302, page.text
    address = urlsplit(page.headers["Location"])
    return f"{address.path}?{address.query}"


def posted(page: Sent) -> tuple[list[dict[str, str]], str]:
    """The messages to the opener, and the origin they go to."""
    found = re.search(r'<script id="connect-result" type="application/json">(.*?)</script>', page.text)
    assert found, page.text
    result = json.loads(found.group(1))
    return result["messages"], result["target_origin"]
