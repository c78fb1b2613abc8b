"""Keys and tokens stay where they belong: not in reprs, errors or logs, and with no other host."""

from __future__ import annotations

import logging
import traceback

import pytest

import vendo
from fake_dashboard import Answer, Dashboard, good, refusal, serve
from vendo._account import Token
from vendo._http import Request, Response
from vendo.errors import VendoError

SECRET = "ntn_very_secret"


def test_repr_of_a_client_shows_no_key(dashboard: Dashboard, key: str) -> None:
    client = vendo.Vendo(key, dashboard.url)
    assert repr(client) == f"<Vendo at {dashboard.url}>"
    assert key not in repr(client._account.settings)
    assert repr(vendo.AsyncVendo()) == "<AsyncVendo in OSS mode>"


def test_repr_of_what_travels_shows_no_secret() -> None:
    things = [
        Token(SECRET, good_until=0),
        Request("http://a", {"Authorization": SECRET}),
        Response(200, {"a": SECRET}, SECRET.encode()),
    ]
    assert SECRET not in repr(things)


def everything(error: BaseException | None) -> str:
    """All that a crash reporter would print of an error and those behind it."""
    told = ""
    while error:
        told += repr(error) + repr(vars(error)) + "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__
    return told


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, f'{{"access_token": "{SECRET}"'.encode()),
        good({"access_token": SECRET, "expires_at": "never"}),
        good({"tokens": SECRET}),
        Answer(200, f'{{"access_token": "{SECRET}"}}'.encode(), cut_short=True),
        Answer(302, b"", {"Location": f"http://a/?token={SECRET}"}),
    ],
)
def test_no_error_holds_a_token(
    dashboard: Dashboard, key: str, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dashboard.say("/credentials/notion", answer)
    with pytest.raises(VendoError) as caught:
        vendo.token("notion")
    told = everything(caught.value) + caplog.text
    assert SECRET not in told
    assert key not in told


@pytest.mark.usefixtures("vendo_mode")
def test_a_server_that_echoes_the_key_does_not_get_it_into_an_error(dashboard: Dashboard, key: str) -> None:
    echo = f"You sent Bearer {key}."
    link = f"https://vendo.example/connections/connect/notion?app_key={key}"
    dashboard.say(
        "/credentials/notion",
        refusal(403, "binding_missing", message=echo, suggested_fix=echo, slug=key, connect_url=link),
    )
    with pytest.raises(VendoError) as caught:
        vendo.token("notion")
    assert key not in everything(caught.value)
    assert caught.value.message == "You sent Bearer [app key]."
    assert caught.value.connect_url is None


@pytest.mark.usefixtures("vendo_mode")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_key_nowhere(dashboard: Dashboard, status: int) -> None:
    with serve() as elsewhere:
        elsewhere.connect("notion", "n")
        answer = Answer(status, b"", {"Location": f"{elsewhere.url}/credentials/notion"})
        dashboard.say("/credentials/notion", answer)
        with pytest.raises(VendoError, match="redirect, which is not followed"):
            vendo.token("notion")
        assert not elsewhere.seen
    assert len(dashboard.seen) == 1
