"""Signing in by way of Composio at a provider where the person chooses what the connection is for."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from connections import watch
from connections.models import ConnectAttempt, Connection
from tenants.models import User
from tests.composio import Broker, brokered

pytestmark = [pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Client]
API = "https://api.supabase.com/v1"


@pytest.fixture
def broker(transactional_db: None, settings: Any) -> Iterator[Broker]:
    """Somebody's Supabase organization, with two projects."""
    with brokered(settings) as running:
        running.play("supabase")
        running.api = {
            f"{API}/organizations": [{"id": "org-1", "slug": "org-1", "name": "Ada's organization"}],
            f"{API}/projects": [
                {"id": ref, "ref": ref, "name": name, "organization_id": "org-1", "region": "eu-west-1"}
                for ref, name in (("abcd1234abcd1234abcd", "Shop"), ("efgh5678efgh5678efgh", "Blog"))
            ],
        }
        yield running


def _asked(client: Client, broker: Broker) -> str:
    """The address of the question after the sign-in."""
    link = client.get("/api/oauth/supabase/authorize").headers["Location"]
    parts = urlsplit(broker.consent(link.rpartition("/lk_")[2]))
    answer = client.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 302, answer.content
    return str(answer.headers["Location"])


def test_the_person_chooses_and_the_account_stays_with_the_broker(
    client_for: SignIn, owner: User, broker: Broker
) -> None:
    client = client_for(owner)
    question = _asked(client, broker)
    assert "Blog" in client.get(question).text and not Connection.everyone.exists()
    client.post(question, {"place": "efgh5678efgh5678efgh"})
    connection = Connection.everyone.get()
    assert connection.context == {"ref": "efgh5678efgh5678efgh"}
    assert (connection.profile, connection.credential) == ("composio_managed", None)
    assert connection.broker_account in broker.accounts


def test_an_account_for_which_no_place_was_chosen_is_deleted(client_for: SignIn, owner: User, broker: Broker) -> None:
    _asked(client_for(owner), broker)
    watch.look()
    assert len(broker.accounts) == 1
    ConnectAttempt.everyone.update(expires_at=timezone.now() - timedelta(seconds=1))
    watch.look()
    assert not broker.accounts


def test_a_connection_that_nobody_asks_about_is_looked_at(client_for: SignIn, owner: User, broker: Broker) -> None:
    client = client_for(owner)
    client.post(_asked(client, broker), {"place": "efgh5678efgh5678efgh"})
    connection = Connection.everyone.get()
    Connection.everyone.update(watched_at=timezone.now() - timedelta(days=2))
    broker.accounts[connection.broker_account].status = "EXPIRED"
    assert watch.look() == [connection.pk]
    connection.refresh_from_db()
    assert connection.status == "needs_reauth"
