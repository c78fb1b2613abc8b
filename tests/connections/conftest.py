"""What tests of connections share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, sync_playwright

from connections.models import Integration
from tenants.models import User
from tests.conftest import BROWSER_ARGUMENTS
from tests.services import chromium_path
from tests.simulator import Simulator, simulated

type Browse = Callable[..., Any]


@pytest.fixture
def provider(notion: Integration, googledrive: Integration) -> Iterator[Simulator]:
    """A simulator that plays Notion and Google Drive."""
    with simulated() as simulator:
        for integration in (notion, googledrive):
            simulator.play(integration.slug)
            integration.refresh_from_db()
        simulator.tokens = [
            {
                "access_token": "access-1",
                "refresh_token": "refresh-1",
                "expires_in": 3600,
                "bot_id": "bot-1",
                "workspace_name": "Ada's workspace",
            }
        ]
        simulator.api = {
            "/drive/v3/about": {"user": {"permissionId": "p1", "emailAddress": "ada@example.com"}},
            "/v1/users/me": {"object": "user"},
        }
        yield simulator


@pytest.fixture
def browse(live_server: Any, settings: Any, owner: User) -> Browse:
    """(**options of the context) → a browser in which the owner is signed in, for a `with`.

    Closed before the test looks into the database: while it is open, an event loop runs that Django's ORM refuses.
    """
    settings.BASE_URL = live_server.url
    client = Client()
    client.force_login(owner)
    session = client.cookies[settings.SESSION_COOKIE_NAME]

    @contextmanager
    def open_one(**options: Any) -> Iterator[BrowserContext]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=BROWSER_ARGUMENTS)
            context = browser.new_context(base_url=live_server.url, **options)
            context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
            yield context
            browser.close()

    return open_one
