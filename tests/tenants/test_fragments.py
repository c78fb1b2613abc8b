from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from tenants.fragments import fragments

TARGETING = {"HX-Request": "true", "HX-Target": "thing-list"}

type Ask = Callable[..., HttpResponseBase]


@pytest.fixture
def ask() -> Ask:
    """(view, **headers) → what the view answers; the headers are those that htmx sends."""

    def get(view: Callable[..., HttpResponseBase], headers: dict[str, str] | None = None) -> HttpResponseBase:
        request: Any = RequestFactory().get("/", headers=headers or {})
        request.htmx = HtmxDetails(request)
        return view(request)

    return get


@fragments("thing-list", "thing-card")
def page(request: Any) -> HttpResponseBase:
    return TemplateResponse(request, "things.html")


def name_of(response: HttpResponseBase) -> object:
    assert isinstance(response, TemplateResponse)
    return response.template_name


def test_a_browser_gets_the_page(ask: Ask) -> None:
    assert name_of(ask(page)) == "things.html"


def test_htmx_gets_the_fragment_it_targets(ask: Ask) -> None:
    assert name_of(ask(page, TARGETING)) == "things.html#thing-list"


def test_a_fragment_that_the_view_does_not_offer_is_not_given(ask: Ask) -> None:
    assert name_of(ask(page, TARGETING | {"HX-Target": "secret-list"})) == "things.html"


def test_htmx_without_a_target_gets_the_page(ask: Ask) -> None:
    assert name_of(ask(page, {"HX-Request": "true"})) == "things.html"


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_boosted_links_and_history_get_the_page(ask: Ask, header: str) -> None:
    assert name_of(ask(page, TARGETING | {header: "true"})) == "things.html"


@pytest.mark.parametrize("headers", [{}, TARGETING])
def test_caches_are_told_what_the_answer_depends_on(ask: Ask, headers: dict[str, str]) -> None:
    vary = ask(page, headers).headers["Vary"]
    assert "HX-Request" in vary
    assert "HX-Target" in vary


def test_other_answers_pass_through(ask: Ask) -> None:
    view = fragments("thing-list")(lambda request: HttpResponse("done", status=204))
    assert ask(view, TARGETING).status_code == 204


def test_the_view_says_what_it_offers() -> None:
    assert page.fragments == ("thing-list", "thing-card")  # type: ignore[attr-defined]
    assert page.__name__ == "page"
