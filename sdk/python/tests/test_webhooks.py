from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from time import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vendo
from vendo.errors import ValidationError

SECRET = "whsec_hunter2"
BODY = json.dumps(
    {"id": "evt_1", "type": "deployment.updated", "occurred_at": "2030-01-01T00:00:00Z", "data": {"a": 1}}
).encode()


def signed(body: bytes, *, seconds: float = 0, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(time() + seconds))
    signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    return {"Vendo-Timestamp": timestamp, "Vendo-Signature": signature}


def test_a_signed_event_is_read() -> None:
    headers = signed(BODY) | {"X-Vendo-Provider": "stripe", "X-Vendo-Connection-Id": "c"}
    event = vendo.webhooks.verify(BODY, headers, SECRET)
    assert (event.id, event.type, event.data) == ("evt_1", "deployment.updated", {"a": 1})
    assert event.occurred_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert (event.provider, event.connection_id) == ("stripe", "c")


def test_the_secret_is_the_deployments(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="VENDO_WEBHOOK_SECRET"):
        vendo.webhooks.verify(BODY, signed(BODY, secret=""))
    monkeypatch.setenv("VENDO_WEBHOOK_SECRET", SECRET)
    headers = {name.lower(): value for name, value in signed(BODY).items()}
    assert vendo.webhooks.verify(BODY.decode(), headers).id == "evt_1"
    assert vendo.Vendo().webhooks.verify(BODY, headers) == vendo.aio.webhooks.verify(BODY, headers)


def test_the_two_values_do_without_headers() -> None:
    headers = signed(BODY)
    given = {"timestamp": int(headers["Vendo-Timestamp"]), "signature": headers["Vendo-Signature"]}
    assert vendo.webhooks.verify(BODY, secret=SECRET, **given).id == "evt_1"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make_headers",
    [
        dict,
        lambda: None,
        lambda: signed(BODY, secret="another"),
        lambda: signed(BODY + b" "),
        lambda: signed(BODY) | {"Vendo-Signature": ""},
        lambda: signed(BODY) | {"Vendo-Signature": "é"},
        lambda: signed(BODY) | {"Vendo-Signature": signed(BODY)["Vendo-Signature"].upper()},
        lambda: signed(BODY) | {"Vendo-Timestamp": str(int(time()) + 1)},
        lambda: signed(BODY, seconds=-310),
        lambda: signed(BODY, seconds=310),
    ],
)
def test_what_the_dashboard_did_not_sign_just_now_is_refused(make_headers: Callable[[], object]) -> None:
    headers = make_headers()
    for refuse in (vendo.webhooks.verify, vendo.webhooks.check):
        with pytest.raises(ValidationError) as caught:
            refuse(BODY, headers, SECRET)
        assert caught.value.code == "webhook_invalid"
        assert SECRET not in str(caught.value)


def test_the_tolerance_is_ones_own() -> None:
    headers = signed(BODY, seconds=-310)
    assert vendo.webhooks.verify(BODY, headers, SECRET, 320).id == "evt_1"


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b'{"id": "a", "type": "b", "occurred_at": "c", "data": {}}'])
def test_a_providers_own_body_can_be_checked_and_is_no_event(body: bytes) -> None:
    vendo.webhooks.check(body, signed(body), SECRET)
    with pytest.raises(ValidationError, match=r"webhooks\.check"):
        vendo.webhooks.verify(body, signed(body), SECRET)


@given(timestamp=st.text(), signature=st.text(), body=st.binary() | st.text())
@settings(database=None)
def test_whatever_comes_is_refused_in_our_words(timestamp: str, signature: str, body: bytes | str) -> None:
    with pytest.raises(ValidationError):
        vendo.webhooks.verify(body, None, SECRET, timestamp=timestamp, signature=signature)
