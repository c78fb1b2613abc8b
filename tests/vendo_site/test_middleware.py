"""One host, popups that keep their opener, htmx that follows redirects as a page."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from tenants.models import User


def test_a_page_under_another_name_moves_to_the_base_url(browser: Client) -> None:
    answer = browser.get("/accounts/login/?next=/x", headers={"host": "127.0.0.1:8000"})
    assert answer.headers["Location"] == "http://localhost:8000/accounts/login/?next=/x"


def test_a_program_is_not_redirected(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "127.0.0.1:9999"}).status_code == 200


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/connections/connect/notion"])
def test_pages_of_a_popup_keep_their_opener(path: str, browser: Client, db: None) -> None:
    assert browser.get(path).headers["Cross-Origin-Opener-Policy"] == "unsafe-none"


def test_other_pages_keep_hold_of_the_popups_they_open(client_for: Callable[[User], Client], owner: User) -> None:
    answer = client_for(owner).get("/connections")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


def test_every_page_has_a_strict_content_policy(browser: Client, db: None) -> None:
    policy = browser.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(browser: Client, db: None) -> None:
    answer = browser.get("/connections", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["HX-Redirect"].startswith("/accounts/login/")


@pytest.mark.parametrize("host", ["localhost:6666", "127.0.0.1:8101"])
def test_no_mail_links_to_another_host_or_port(host: str, browser: Client, owner: User) -> None:
    answer = browser.post("/accounts/password/reset/", {"email": owner.email}, headers={"host": host})
    assert answer.headers["Location"] == "http://localhost:8000/accounts/password/reset/"
    assert mail.outbox == []


@pytest.mark.parametrize("path", ["/api/integrations", "/api/integrations/notion", "/logos/notion.svg"])
def test_what_tools_call_knows_no_cookies(path: str, client: Client, db: None) -> None:
    client.cookies["vendo_session"] = "long-gone"
    answer = client.get(path)
    assert answer.status_code == 200
    assert "public" in answer.headers["Cache-Control"]
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert not answer.cookies
