"""The connect window in a real browser: by keyboard alone, without scripts, and heard by the page that opened it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from connections import vault
from connections.models import Connection
from tests.connections import dance
from tests.played import CLIENT, Played
from tests.simulator import running

pytestmark = pytest.mark.django_db(transaction=True)
type Browse = Callable[..., Any]


@pytest.fixture
def providers(transactional_db: None) -> Iterator[dict[str, Played]]:
    """Salesforce, which asks something before one signs in, and Supabase, which asks something after."""
    with ExitStack() as stack:
        found = {slug: stack.enter_context(running(dance.played(slug))) for slug in ("salesforce", "supabase")}
        for played in found.values():
            integration = played.play()
            integration.client_id = CLIENT[0]
            vault.seal(integration, "client_secret", CLIENT[1])
            integration.save()
        yield found


def test_a_place_is_chosen_by_keyboard_and_the_opener_hears_of_it(browse: Browse, providers: dict[str, Played]) -> None:
    with browse() as context:
        page = context.new_page()
        page.goto("/connections")
        page.evaluate(
            "addEventListener('message', (event) => (window.heard = [...(window.heard ?? []), event.data.type]))"
        )
        with page.expect_popup() as opened:
            page.locator("#connect-supabase").press("Enter")
        window = opened.value
        window.get_by_role("link", name="Continue to Supabase").press("Enter")
        window.get_by_role("heading", name="Which project?").wait_for()
        window.keyboard.press("ArrowDown")
        window.keyboard.press("Enter")
        window.wait_for_event("close")
        assert page.evaluate("window.heard") == ["vendo:connection-completed", "vendo:oauth:done"]
    assert Connection.everyone.get().display_name == "Engine"


def test_everything_works_without_scripts(browse: Browse, providers: dict[str, Played]) -> None:
    with browse(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/connections/connect/salesforce")
        page.get_by_label("Where you sign in").fill("evil.org")
        page.get_by_role("button", name="Continue to Salesforce").click()
        page.get_by_text("This does not look right.").wait_for()
        page.get_by_label("Where you sign in").fill(providers["salesforce"].asked_of_people["domain"])
        page.get_by_role("button", name="Continue to Salesforce").click()
        page.get_by_text("is ready to use").wait_for()
        page.goto("/connections/connect/supabase")
        page.get_by_role("link", name="Continue to Supabase").click()
        page.get_by_label("Difference").check()
        page.get_by_role("button", name="Connect this project").click()
        page.get_by_role("link", name="go to your connections").wait_for()
    names = set(Connection.everyone.values_list("display_name", flat=True))
    assert names == {"Difference", providers["salesforce"].fact("ACCOUNT")[1]}
