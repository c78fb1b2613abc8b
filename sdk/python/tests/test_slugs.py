from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vendo
from fake_dashboard import Dashboard
from vendo._slugs import checked, override_variable, own_variable
from vendo.errors import ValidationError

SLUG = r"[a-z0-9][a-z0-9-]*"


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("slug", ["", "Notion", "_bulk", "-a", "a/b", "../me", "a?b", "a,b", "notion\n", "é", "a b"])
def test_bad_slug_never_enters_a_url(dashboard: Dashboard, slug: str) -> None:
    with pytest.raises(ValidationError):
        vendo.token(slug)
    with pytest.raises(ValidationError):
        vendo.tokens(["notion", slug])
    with pytest.raises(ValidationError):
        vendo.connect_url(slug)
    with pytest.raises(ValidationError):
        vendo.invalidate(slug)
    assert not dashboard.seen


@pytest.mark.parametrize("slug", [None, 7, b"notion", ["notion"]])
def test_what_is_no_text_is_no_slug(slug: object) -> None:
    with pytest.raises(ValidationError):
        vendo.token(slug)  # type: ignore[arg-type]


@given(slug=st.text())
@settings(database=None)
def test_any_text_is_a_slug_or_refused(slug: str) -> None:
    if re.fullmatch(SLUG, slug):
        assert checked(slug) == slug
    else:
        with pytest.raises(ValidationError):
            checked(slug)


@given(slug=st.from_regex(SLUG, fullmatch=True))
@settings(database=None)
def test_variables_of_a_slug_are_valid_names(slug: str) -> None:
    assert re.fullmatch(r"[A-Z0-9_]+_TOKEN", own_variable(slug))
    assert re.fullmatch(r"VENDO_TOKEN_[A-Z0-9_]+", override_variable(slug))
