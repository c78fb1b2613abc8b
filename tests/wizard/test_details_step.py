"""Details: name, address and the tool's own questions."""

import pytest
from django.test import Client

from deployments.models import Release
from tests.scenery import make_deployment, make_release
from wizard import draft as drafts
from wizard.models import Draft

GOOD = {"name": "Ours", "slug": "ours", "input-DATABASE": "pages", "input-MODE": "fast"}


@pytest.fixture
def address(draft: Draft) -> str:
    return f"/deploy/{draft.pk}?phase=details"


def stored(draft: Draft) -> dict[str, object]:
    return drafts.answers(Draft.everyone.get(pk=draft.pk))


def test_name_and_address_are_suggested(browser: Client, address: str) -> None:
    page = browser.get(address).text
    assert 'value="Importer"' in page
    assert 'value="importer"' in page
    assert "acme / " in page


def test_good_answers_lead_on(browser: Client, address: str, draft: Draft) -> None:
    answer = browser.post(address, GOOD | {"input-VERBOSE": "on"})
    assert answer.headers["Location"] == f"/deploy/{draft.pk}?phase=review"
    assert stored(draft) == {"DATABASE": "pages", "MODE": "fast", "VERBOSE": True}


def test_an_error_stands_under_its_field_and_values_are_kept(browser: Client, address: str, draft: Draft) -> None:
    answer = browser.post(address, GOOD | {"input-DATABASE": "", "name": "A name worth keeping"})
    assert answer.status_code == 422
    assert 'id="id_input-DATABASE_error"' in answer.text
    assert "A name worth keeping" in answer.text
    assert Draft.everyone.get().name == "A name worth keeping"


@pytest.mark.parametrize("slug", ["", "X", "with space", "-dash", "ä", "a" * 64])
def test_an_address_must_be_one(browser: Client, address: str, slug: str) -> None:
    answer = browser.post(address, GOOD | {"slug": slug})
    assert answer.status_code == 422
    assert 'id="id_slug_error"' in answer.text


def test_a_taken_address_is_refused_here(browser: Client, address: str, draft: Draft) -> None:
    make_deployment(draft.tenant, draft.release, slug="ours")
    answer = browser.post(address, GOOD)
    assert answer.status_code == 422
    assert "already" in answer.text


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_name_is_needed_and_not_endless(browser: Client, address: str, name: str) -> None:
    assert browser.post(address, GOOD | {"name": name}).status_code == 422


def test_nul_characters_do_no_harm(browser: Client, address: str) -> None:
    answer = browser.post(address, GOOD | {"name": "a\x00b", "slug": "a\x00b", "input-DATABASE": "a\x00b"})
    assert answer.status_code in (302, 422)


def test_a_password_is_saved_and_never_sent_back(browser: Client, address: str, draft: Draft) -> None:
    browser.post(address, GOOD | {"input-SECRET": "hush-hush"})
    page = browser.get(address).text
    assert "hush-hush" not in page
    assert "Saved. Type to replace it." in page
    assert stored(draft)["SECRET"] == "hush-hush"


def test_a_refused_page_does_not_send_the_password_back_either(browser: Client, address: str) -> None:
    answer = browser.post(address, GOOD | {"input-SECRET": "hush-hush", "input-DATABASE": ""})
    assert answer.status_code == 422
    assert "hush-hush" not in answer.text


def test_an_empty_password_field_keeps_the_saved_one(browser: Client, address: str, draft: Draft) -> None:
    browser.post(address, GOOD | {"input-SECRET": "hush-hush"})
    browser.post(address, GOOD | {"input-SECRET": ""})
    assert stored(draft)["SECRET"] == "hush-hush"


def test_a_saved_password_can_be_deleted(browser: Client, address: str, draft: Draft) -> None:
    browser.post(address, GOOD | {"input-SECRET": "hush-hush"})
    browser.post(address, GOOD | {"input-SECRET": "", "forget-SECRET": "on"})
    assert stored(draft)["SECRET"] == ""
    assert "Saved. Type to replace it." not in browser.get(address).text


def test_a_required_password_that_was_given_is_not_asked_again(browser: Client, draft: Draft, address: str) -> None:
    Release.objects.update(status=Release.Status.SUPERSEDED)
    make_release(version="2.0.0", inputs=[{"key": "TOKEN", "label": "Token", "inputType": "password"}])
    assert browser.post(address, GOOD | {"input-TOKEN": "hush-hush"}).status_code == 302
    assert browser.post(address, GOOD | {"input-TOKEN": ""}).status_code == 302


def test_everything_is_kept_while_one_types(browser: Client, address: str, draft: Draft) -> None:
    answer = browser.post(
        address.replace("?", "/save?"), {"name": "Half a na", "slug": "no good!", "input-DATABASE": "pag"}
    )
    assert answer.status_code == 200
    assert "Saved" in answer.text
    assert stored(draft)["DATABASE"] == "pag"
    page = browser.get(address).text
    assert "Half a na" in page
    assert "no good!" in page


def test_what_was_not_sent_stays(browser: Client, address: str, draft: Draft) -> None:
    browser.post(address, GOOD | {"input-MODE": "thorough"})
    browser.post(address.replace("?", "/save?"), {"name": "Another"})
    assert stored(draft)["MODE"] == "thorough"
    assert stored(draft)["DATABASE"] == "pages"
    assert Draft.everyone.get().slug == "ours"


def test_saving_is_a_post(browser: Client, address: str) -> None:
    assert browser.get(address.replace("?", "/save?")).status_code == 405


def test_only_steps_with_a_form_are_saved(browser: Client, draft: Draft) -> None:
    assert browser.post(f"/deploy/{draft.pk}/save?phase=review").status_code == 404
