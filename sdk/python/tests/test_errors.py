from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vendo
from fake_dashboard import Answer, Dashboard, good, refusal
from vendo import errors
from vendo.errors import (
    CLASS_BY_CODE,
    AuthError,
    BalanceExhausted,
    RateLimited,
    UpstreamError,
    ValidationError,
    VendoError,
)

pytestmark = pytest.mark.usefixtures("vendo_mode")

# The table of the wire contract, section 2.
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
CLASSES = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, VendoError)}


def test_every_code_of_the_contract_has_a_class() -> None:
    assert CONTRACT.keys() <= CLASS_BY_CODE.keys()


def test_every_class_is_reached_by_a_code() -> None:
    assert set(CLASS_BY_CODE.values()) == CLASSES - {VendoError}
    assert {error.default_code for error in CLASSES - {VendoError}} <= CLASS_BY_CODE.keys()


def test_every_class_is_exported_and_drawn_in_the_tree() -> None:
    assert {error.__name__ for error in CLASSES} == set(errors.__all__) - {"CLASS_BY_CODE"}
    assert errors.__doc__ is not None
    assert all(error.__name__ in errors.__doc__ for error in CLASSES)


@pytest.mark.parametrize("code", sorted(CLASS_BY_CODE))
def test_a_servers_answer_becomes_its_class(dashboard: Dashboard, code: str) -> None:
    dashboard.say("/credentials/notion", refusal(CONTRACT.get(code, 400), code, suggested_fix="Do this."))
    with pytest.raises(VendoError) as caught:
        vendo.token("notion")
    error = caught.value
    assert type(error) is CLASS_BY_CODE[code]
    assert (error.code, error.status, error.slug) == (code, CONTRACT.get(code, 400), "notion")
    assert (error.message, error.suggested_fix) == (f"It is {code}.", "Do this.")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, ValidationError),
        (401, AuthError),
        (402, BalanceExhausted),
        (403, AuthError),
        (404, ValidationError),
        (418, ValidationError),
        (429, RateLimited),
        (500, UpstreamError),
        (503, UpstreamError),
        (302, UpstreamError),
    ],
)
def test_an_unknown_code_is_judged_by_its_status(dashboard: Dashboard, status: int, expected: type[VendoError]) -> None:
    dashboard.say("/credentials/notion", refusal(status, "something_new"))
    with pytest.raises(VendoError) as caught:
        vendo.token("notion")
    assert type(caught.value) is expected
    assert caught.value.code == "something_new"


def test_the_header_decides_where_the_body_is_not_ours(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", Answer(403, b"<h1>no</h1>", {"Vendo-Error-Code": "binding_missing"}))
    with pytest.raises(errors.NotConnected, match="status 403"):
        vendo.token("notion")


def test_the_body_decides_where_the_header_is_lost(dashboard: Dashboard) -> None:
    body = b'{"error": {"code": "connection_needs_reauth", "message": "Again."}}'
    dashboard.say("/credentials/notion", Answer(401, body))
    with pytest.raises(errors.NeedsReauth, match=r"Again\."):
        vendo.token("notion")


def test_the_old_detail_is_read(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", Answer(404, b'{"detail": "No such thing.", "error": "gone"}'))
    with pytest.raises(ValidationError, match=r"No such thing\.") as caught:
        vendo.token("notion")
    assert caught.value.code == "http_404"


@pytest.mark.parametrize("code", ["rate_limited", "upstream_rate_limited"])
def test_rate_limit_carries_retry_after(dashboard: Dashboard, code: str) -> None:
    dashboard.say("/credentials/notion", refusal(429, code, retry_after=17))
    with pytest.raises(RateLimited) as caught:
        vendo.token("notion")
    assert caught.value.retry_after == 17
    assert len(dashboard.seen) == 1


@pytest.mark.parametrize(
    ("header", "expected"), [("9", 9), ("0", None), ("soon", None), ("-1", None), ("²", None), ("9" * 99, None)]
)
def test_retry_after_of_the_header_alone(dashboard: Dashboard, header: str, expected: int | None) -> None:
    dashboard.say("/credentials/notion", Answer(429, b"", {"Retry-After": header}))
    with pytest.raises(RateLimited) as caught:
        vendo.token("notion")
    assert caught.value.retry_after == expected


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "/connections", "https://", "http://a b", "http://[", "https://a/\n", 7, None]
)
def test_connect_url_that_a_page_must_not_show_is_dropped(dashboard: Dashboard, link: object) -> None:
    dashboard.say("/credentials/notion", refusal(403, "binding_missing", connect_url=link))
    with pytest.raises(errors.NotConnected) as caught:
        vendo.token("notion")
    assert caught.value.connect_url is None


def test_a_message_is_one_printable_line_of_sensible_length(dashboard: Dashboard) -> None:
    dashboard.say("/credentials/notion", refusal(404, "not_found", message="a\r\nb\x1b[31m\ud800" + "c" * 9999))
    with pytest.raises(ValidationError) as caught:
        vendo.token("notion")
    assert caught.value.message.startswith("a b[31mc")
    assert len(caught.value.message) == 500


def test_errors_travel_between_processes() -> None:
    error = errors.NotConnected(
        "m", status=403, slug="notion", connect_url="https://a", retry_after=1, suggested_fix="f"
    )
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(twin) is errors.NotConnected
        assert vars(twin) == vars(error)
        assert str(twin) == "m"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "access_token", "tokens"]), inner)
    ),
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: good(value).body)
DEEP = b'{"error":' + b"[" * 100_000


@given(status=st.sampled_from([200, 204, 302, 400, 401, 403, 404, 429, 501]), body=BODIES, code=st.none() | st.text())
@settings(database=None, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_server_says_only_our_errors_come_out(
    dashboard: Dashboard, status: int, body: bytes, code: str | None
) -> None:
    headers = {"Vendo-Error-Code": code} if code and code.isascii() and code.isprintable() else {}
    answer = Answer(status, b"" if status == 204 else body, headers)
    dashboard.say("/credentials/notion", answer)
    dashboard.say("/credentials/_bulk", answer)
    vendo.invalidate()
    for call in (lambda: vendo.token("notion"), lambda: vendo.tokens(["notion"]), lambda: vendo.connect_url("notion")):
        try:
            call()
        except VendoError as error:
            assert error.message  # noqa: PT017 (a good answer is fine as well)


@pytest.mark.parametrize("status", [200, 404])
def test_a_bottomless_body_is_our_error_too(dashboard: Dashboard, status: int) -> None:
    dashboard.say("/credentials/notion", Answer(status, DEEP))
    with pytest.raises(VendoError):
        vendo.token("notion")
