"""Whether the provider sent it: secrets sent along, signatures with a time, and ids of messages."""

import hmac
import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connections.catalog import get
from connections.catalog._inbound import TOLERANCE, field_of_body, sent_along, signed_with_time
from connections.catalog._soundness import problems

NOW = 1_800_000_000.0
SECRET = "whsec_of-the-tests"
BODY = b'{"id": "evt_1"}'
signed = signed_with_time("Signed-By")
along = sent_along("The-Secret")


def sign(body: bytes = BODY, at: float = NOW, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{int(at)}.".encode() + body, sha256).hexdigest()


def holds(header: str, body: bytes = BODY, secret: str = SECRET) -> bool:
    return signed({"signed-by": header}, body, secret, NOW)


@given(st.binary(), st.text(min_size=1), st.integers(-TOLERANCE, TOLERANCE))
def test_what_was_signed_just_now_holds(body: bytes, secret: str, apart: int) -> None:
    secret = secret.encode(errors="replace").decode()
    at = NOW + apart
    assert holds(f"t={int(at)},v1={sign(body, at, secret)}", body, secret)


@given(st.integers(1, 10**9) | st.integers(-(10**9), -1))
def test_what_was_signed_long_ago_or_long_from_now_does_not(apart: int) -> None:
    at = NOW + apart + (TOLERANCE if apart > 0 else -TOLERANCE)
    assert not holds(f"t={int(at)},v1={sign(at=at)}")


@given(st.text())
@example(f"t={int(NOW)}")
@example(f"t={int(NOW)},v1=")
@example("t=,v1=")
@example(f"v1={sign()}")
@example(f"t=٣,v1={sign()}")
@example(f"t={'9' * 5000},v1={sign()}")
@example(f"t={int(NOW)},v0={sign()}")
@example(f"t={int(NOW)},t={int(NOW)},v1={sign()}")
@example(f"t=+{int(NOW)},v1={sign()}")
@example(f"t={int(NOW)},v1={sign().upper()}")
def test_anything_else_is_refused_without_a_fuss(header: str) -> None:
    assert not holds(header)


@given(st.binary(), st.binary(), st.text(min_size=1, alphabet="abc"), st.text(min_size=1, alphabet="abc"))
def test_a_signature_is_of_one_body_and_one_secret(one: bytes, other: bytes, mine: str, theirs: str) -> None:
    header = f"t={int(NOW)},v1={sign(one, secret=mine)}"
    assert holds(header, other, theirs) is (one == other and mine == theirs)


@given(st.lists(st.text(alphabet="0123456789abcdef", max_size=64), max_size=5), st.integers(0, 5))
def test_one_of_several_signatures_is_enough(others: list[str], place: int) -> None:
    """A secret is rolled: for a day the provider signs with both."""
    signatures = [*others[:place], sign(), *others[place:]]
    assert holds(f"t={int(NOW)}," + ",".join(f"v1={each}" for each in signatures))


def test_spaces_and_other_schemes_do_not_matter() -> None:
    assert holds(f"t={int(NOW)}, v1={sign()}, v0=6ffbb59b, more")


@given(st.text(), st.text())
@example("", "")
def test_a_secret_that_is_sent_along_is_the_secret(given: str, secret: str) -> None:
    secret = secret.encode(errors="replace").decode()
    assert along({"the-secret": given}, b"", secret, NOW) is (given == secret != "")


def test_without_a_header_nothing_holds() -> None:
    assert not along({}, b"", SECRET, NOW)
    assert not signed({}, BODY, SECRET, NOW)


def test_without_a_secret_nobody_can_sign() -> None:
    assert not along({"the-secret": ""}, b"", "", NOW)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"n": 7}', "7"),
        (b'{"n": "evt_1"}', "evt_1"),
        (b'{"n": -3}', "-3"),
        *[(body, "") for body in (b"", b"{", b"[7]", b'{"m": 7}', b'{"n": true}', b'{"n": null}', b'{"n": [7]}')],
        *[(json.dumps({"n": text}).encode(), "") for text in ("x" * 201, "a\x00b", "\ud800", "é")],
        (b'{"n": ' + b"9" * 5000 + b"}", ""),
        (b"[" * 100_000, ""),
        (b"\xff", ""),
    ],
)
def test_the_id_is_read_from_the_body(body: bytes, found: str) -> None:
    assert field_of_body("n")({}, body) == found


def test_a_data_sheet_says_how_and_with_which_secret() -> None:
    for slug in ("telegram", "stripe"):
        sheet = get(slug)
        assert sheet.webhook
        assert problems(sheet, slug) == []
        assert problems(replace(sheet, webhook=None), slug)[-1].startswith("webhook: say how")
        other = replace(sheet.webhook, secret="nobodys")
        assert problems(replace(sheet, webhook=other, auth=sheet.auth[:1]), slug)[-1].startswith(
            "webhook: no connection"
        )
