"""Errors on the wire (contract section 2)."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest

from connections import errors as below
from deployments.errors import TABLE, ApiError, connect_url, render

CONTRACT = {
    "app_unknown": 401,
    "app_revoked": 401,
    "app_expired": 401,
    "binding_missing": 403,
    "connection_revoked": 403,
    "connection_needs_reauth": 401,
    "provider_unknown": 404,
    "validation_failed": 400,
    "profile_unsupported": 500,
    "upstream_error": 502,
    "upstream_rate_limited": 429,
    "rate_limited": 429,
    "rate_limit_sse_streams": 429,
    "idempotency_conflict": 409,
    "internal_error": 500,
    "not_found": 404,
    "method_not_allowed": 405,
}


def test_the_table_is_the_contracts() -> None:
    assert {code: row.status for code, row in TABLE.items()} == CONTRACT


@pytest.mark.parametrize("code", CONTRACT)
def test_every_code_is_told_in_header_envelope_and_detail(code: str) -> None:
    response = render(ApiError(code))
    body = json.loads(response.content)
    assert response.status_code == CONTRACT[code]
    assert response.headers["Vendo-Error-Code"] == code
    assert response.headers["Cache-Control"] == "no-store"
    assert body["error"]["code"] == code
    assert body["detail"] == body["error"]["message"]
    assert body["detail"][0].isupper()
    assert body["detail"].endswith(".")


def test_optional_fields_are_there_when_they_say_something() -> None:
    error = ApiError("binding_missing", "Connect it.", slug="x", connect_url="https://y", suggested_fix="Do.")
    assert json.loads(render(error).content)["error"] == {
        "code": "binding_missing",
        "message": "Connect it.",
        "slug": "x",
        "connect_url": "https://y",
        "suggested_fix": "Do.",
    }
    assert set(json.loads(render(ApiError("internal_error")).content)["error"]) == {"code", "message"}


def test_a_wait_is_in_the_body_and_in_the_header() -> None:
    response = render(ApiError("upstream_rate_limited", retry_after=7))
    assert response.headers["Retry-After"] == "7"
    assert json.loads(response.content)["error"]["retry_after"] == 7


def test_the_connect_url_names_the_app_and_nothing_else() -> None:
    app_id = uuid4()
    assert connect_url("notion", app_id) == f"http://localhost:8000/connections/connect/notion?app={app_id}"
    assert connect_url("notion", None) == "http://localhost:8000/connections/connect/notion"


def test_every_code_raised_below_is_in_the_table() -> None:
    """A new `CredentialError` needs a row."""
    tree = [below.CredentialError]
    for kind in tree:
        tree += kind.__subclasses__()
    assert {kind.code for kind in tree[1:]} <= TABLE.keys()


def test_every_code_raised_here_is_in_the_table() -> None:
    raised = set()
    for file in Path("deployments").glob("*.py"):
        raised |= set(re.findall(r'ApiError\(\s*"(\w+)"', file.read_text()))
    assert raised <= TABLE.keys()
