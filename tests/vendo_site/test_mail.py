"""Mail where none is sent: printed so that a person can use it, and announced by the pages that speak of it."""

import io
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from vendo_site.mail import EmailBackend

LINK = "http://localhost:8000/accounts/password/reset/key/" + "x" * 80


def test_a_long_link_stays_in_one_piece() -> None:
    stream = io.StringIO()
    message = EmailMessage("Choose a new password", f"Hello,\n\n{LINK}\n", to=["ada@example.com"])
    assert EmailBackend(stream=stream).send_messages([message]) == 1
    assert LINK in stream.getvalue().splitlines()
    assert "Mail to ada@example.com: Choose a new password" in stream.getvalue()


@pytest.mark.parametrize("printed", [True, False])
def test_a_page_that_speaks_of_mail_says_where_it_is(settings: Any, db: None, browser: Client, printed: bool) -> None:
    settings.MAIL_IS_PRINTED = printed
    page = browser.get("/accounts/password/reset/done/").text
    assert ("terminal" in page, "spam folder" in page) == (printed, not printed)
