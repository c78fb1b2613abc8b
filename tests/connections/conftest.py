"""What tests of connections share."""

from collections.abc import Iterator

import pytest

from connections.models import Integration
from tests.simulator import Simulator, simulated


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
