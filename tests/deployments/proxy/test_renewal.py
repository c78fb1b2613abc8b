"""A 401 from the provider: the token is renewed once, and the request repeated if it can be."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from django.utils import timezone

from connections import vault
from connections.models import Connection, Integration
from deployments import bindings
from deployments.models import App
from tests.deployments.proxy.asking import Response, refused, request
from tests.servers import Seen, Upstream, answer, upstream
from tests.simulator import Simulator, simulated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
type Upload = Callable[..., Response]


@pytest.fixture
def tokens(googledrive: Integration) -> Iterator[Simulator]:
    """Google's token endpoint: it hands out `new`."""
    with simulated() as simulator:
        simulator.tokens = [{"access_token": "new", "expires_in": 3600}]
        simulator.play("googledrive")
        yield simulator


@pytest.fixture
def api(tokens: Simulator) -> Iterator[Upstream]:
    """Google's API, which takes `new` and nothing else."""

    def reply(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        good = seen.header("authorization") == "Bearer new"
        answer(handler, 200 if good else 401, b"fine" if good else b"theirs")

    with upstream() as running:
        running.reply = reply
        google = Integration.objects.get(slug="googledrive")
        google.endpoint_overrides["api_url"] = running.url
        google.save()
        yield running


@pytest.fixture
def drive(project: App, api: Upstream, make_connection: Callable[..., Connection]) -> Connection:
    """A connection whose token has an hour to live, but was taken back."""
    expires_at = timezone.now() + timedelta(hours=1)
    made = make_connection(
        project.tenant, "googledrive", token="taken-back", refresh_token="refresh-0", expires_at=expires_at
    )
    bindings.bind(project, made)
    return made


@pytest.fixture
def ask(door: str, drive: Connection, app_key: str) -> Upload:
    """(body, **headers) → the answer to an upload."""

    def ask(body: bytes = b"{}", **headers: str) -> Response:
        return request(door, "POST", "/proxy/googledrive/upload", body, authorization=f"Bearer {app_key}", **headers)

    return ask


def _stored(drive: Connection) -> str | None:
    return vault.reveal(Connection.everyone.get(pk=drive.pk), "credential")


@pytest.mark.parametrize("body", [b"", b"x" * 200_000])
def test_a_short_request_is_repeated_with_the_new_token(
    body: bytes, ask: Upload, api: Upstream, drive: Connection, tokens: Simulator
) -> None:
    assert ask(body)[::2] == (200, b"fine")
    assert [(seen.header("authorization"), seen.size) for seen in api.seen] == [
        ("Bearer taken-back", len(body)),
        ("Bearer new", len(body)),
    ]
    assert (_stored(drive), len(tokens.asked_of("/token"))) == ("new", 1)


def test_a_long_one_gets_the_401_and_the_next_one_works(ask: Upload, api: Upstream, tokens: Simulator) -> None:
    body = b"x" * 300_000
    status, headers, said = ask(body)
    assert (status, said, headers["Vendo-Error-Code"], len(api.seen)) == (401, b"theirs", None, 1)
    assert ask(body)[0] == 200
    assert len(tokens.asked_of("/token")) == 1


def test_many_rejected_at_once_renew_once(ask: Upload, tokens: Simulator) -> None:
    tokens.delay = 0.3
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask()[0], range(8)))
    assert answers == [200] * 8
    assert len(tokens.asked_of("/token")) == 1


def test_a_token_that_a_renewal_does_not_mend_is_not_renewed_at_every_request(
    ask: Upload, api: Upstream, tokens: Simulator
) -> None:
    api.reply = lambda seen, handler: answer(handler, 401, b"theirs")
    assert [ask()[0] for _ in range(4)] == [401] * 4
    assert len(tokens.asked_of("/token")) == 1


def test_tokens_that_end_again_and_again_are_renewed_again_and_again(
    ask: Upload, drive: Connection, tokens: Simulator
) -> None:
    for _ in range(3):
        vault.seal(drive, "credential", "taken-back")
        drive.save(update_fields=["credential"])
        assert ask()[0] == 200
    assert len(tokens.asked_of("/token")) == 3


def test_a_grant_that_ended_needs_the_person(ask: Upload, drive: Connection, tokens: Simulator) -> None:
    tokens.tokens, tokens.token_status = [{"error": "invalid_grant"}], 400
    assert "connect_url" in refused(ask(), 401, "connection_needs_reauth")
    assert Connection.everyone.get(pk=drive.pk).status == "needs_reauth"


def test_a_token_endpoint_in_trouble_leaves_the_providers_401(
    ask: Upload, drive: Connection, tokens: Simulator
) -> None:
    tokens.token_status = 503
    assert ask()[::2] == (401, b"theirs")
    assert Connection.everyone.get(pk=drive.pk).status == "active"


def test_a_token_that_nothing_renews_leaves_the_providers_401(
    ask: Upload, drive: Connection, tokens: Simulator
) -> None:
    vault.seal(drive, "refresh_token", None)
    drive.save(update_fields=["refresh_token"])
    assert ask()[::2] == (401, b"theirs")
    assert tokens.asked == []
    assert Connection.everyone.get(pk=drive.pk).status == "active"


def test_a_token_that_is_due_is_renewed_before_anything_is_sent(ask: Upload, api: Upstream, drive: Connection) -> None:
    drive.expires_at = timezone.now() - timedelta(seconds=1)
    drive.save(update_fields=["expires_at"])
    assert ask()[0] == 200
    assert len(api.seen) == 1


def test_a_due_token_that_can_not_be_renewed_is_upstream_trouble(
    ask: Upload, drive: Connection, tokens: Simulator
) -> None:
    drive.expires_at = timezone.now() - timedelta(seconds=1)
    drive.save(update_fields=["expires_at"])
    tokens.token_status, tokens.token_headers = 429, {"Retry-After": "17"}
    assert refused(ask(), 429, "upstream_rate_limited")["retry_after"] == 17
    tokens.token_status = 500
    refused(ask(), 502, "upstream_error")
