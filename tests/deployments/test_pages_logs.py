"""The log tab: what the tool wrote, and what the deploys did."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from connections.models import Connection, Integration
from deployments import bindings, runtimes
from deployments.models import DeployLog, Deployment
from deployments.runtimes import Output
from tenants.models import Tenant, User
from tests.deployments.fakes import FakeRuntime
from tests.scenery import make_deployment, make_release

type SignIn = Callable[[User], Client]
type Make = Callable[..., Connection]


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """What the tool wrote is `runtime.written`."""
    fake = FakeRuntime(written="listening on 8101\n<b>not markup</b>\n")
    monkeypatch.setattr(runtimes, "current", lambda: fake)
    return fake


@pytest.fixture
def deployment(tenant: Tenant, notion: Integration, googledrive: Integration, runtime: FakeRuntime) -> Deployment:
    return make_deployment(tenant, make_release())


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def step(deployment: Deployment, message: str, name: str = "boot", **fields: object) -> DeployLog:
    at = datetime(2026, 5, 4, 12, 0, 1, tzinfo=UTC)
    row: DeployLog = DeployLog.everyone.create(
        tenant=deployment.tenant,
        deployment=deployment,
        step=name,
        message=message,
        **{"outcome": DeployLog.Outcome.DONE, "started_at": at, "finished_at": at} | fields,
    )
    return row


# --- what the tool wrote


def test_output_is_text_and_no_markup(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}/logs").text
    assert "listening on 8101" in page
    assert "&lt;b&gt;not markup" in page


def test_only_the_end_of_a_long_output_is_on_the_page(
    browser: Client, deployment: Deployment, runtime: FakeRuntime
) -> None:
    runtime.written = "\n".join(f"line {number}." for number in range(2000))
    page = browser.get(f"/deployments/{deployment.pk}/logs").text
    assert "line 1999." in page
    assert "line 1499." not in page


def test_a_tool_that_wrote_nothing_says_so(browser: Client, deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.written = ""
    assert "It has written nothing so far." in browser.get(f"/deployments/{deployment.pk}/logs").text


@pytest.mark.parametrize(
    ("line", "level"), [("ERROR: no disk", "error"), ("WARNING: low disk", "warning"), ("an error of style", None)]
)
def test_a_grave_line_stands_out(
    browser: Client, deployment: Deployment, runtime: FakeRuntime, line: str, level: str | None
) -> None:
    runtime.written = line
    page = browser.get(f"/deployments/{deployment.pk}/logs").text
    assert ("data-level" in page) == (level is not None)
    assert level is None or f'data-level="{level}"' in page


# --- how it goes on


def position(text: str) -> str:
    return text.partition('data-tail-position="')[2].partition('"')[0]


def test_what_comes_later_follows_what_is_there(browser: Client, deployment: Deployment, runtime: FakeRuntime) -> None:
    since = position(browser.get(f"/deployments/{deployment.pk}/logs").text)
    runtime.written += "a request came\n"
    more = browser.get(f"/deployments/{deployment.pk}/logs/since", {"since": since}).text
    assert "a request came" in more
    assert "listening" not in more
    again = browser.get(f"/deployments/{deployment.pk}/logs/since", {"since": position(more)}).text
    assert "a request came" not in again


def test_a_burst_is_cut_and_says_so(browser: Client, deployment: Deployment, runtime: FakeRuntime) -> None:
    since = position(browser.get(f"/deployments/{deployment.pk}/logs").text)
    runtime.written += "tick\n" * 2000
    more = browser.get(f"/deployments/{deployment.pk}/logs/since", {"since": since}).text
    assert more.count("tick") == 500
    assert "Some lines are left out here." in more


def test_what_rotation_took_away_is_said(
    browser: Client, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeRuntime, "output", lambda *_, **__: Output(["after it"], "9", gap=True))
    more = browser.get(f"/deployments/{deployment.pk}/logs/since", {"since": "1"}).text
    assert "Some lines are left out here." in more


def test_only_what_is_searched_for_goes_on(browser: Client, deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.written = "GET /healthz\nPOST /import\n"
    more = browser.get(f"/deployments/{deployment.pk}/logs/since", {"since": "0", "q": "import"}).text
    assert "healthz" not in more
    assert "POST /<mark>import</mark>" in more


def test_no_cache_keeps_a_log(browser: Client, deployment: Deployment) -> None:
    for place in ("", "/since", "/download", "/deploy", "/deploy/download"):
        answer = browser.get(f"/deployments/{deployment.pk}/logs{place}")
        assert "no-store" in answer.headers["Cache-Control"]


# --- search


def test_a_search_looks_through_everything_that_is_kept(
    browser: Client, deployment: Deployment, runtime: FakeRuntime
) -> None:
    runtime.written = "Import began\n" + "tick\n" * 2000
    page = browser.get(f"/deployments/{deployment.pk}/logs", {"q": "import"}).text
    assert "<mark>Import</mark> began" in page
    assert "<span data-tail-found>1</span> found for “import”" in page
    assert "tick" not in page


def test_a_search_is_for_words_and_not_a_pattern(browser: Client, deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.written = "a.b(\naxb(\n"
    page = browser.get(f"/deployments/{deployment.pk}/logs", {"q": "a.b("}).text
    assert "<mark>a.b(</mark>" in page
    assert "axb" not in page


def test_a_search_without_result_says_so(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}/logs", {"q": "<nothing>"}).text
    assert "Nothing in the output holds “&lt;nothing&gt;”." in page


# --- secrets


def test_tokens_that_the_tool_fetched_are_blacked_out(
    browser: Client, deployment: Deployment, runtime: FakeRuntime, make_connection: Make
) -> None:
    bindings.bind(deployment.app, make_connection(deployment.tenant, "notion", token="ntn-very-secret"))
    runtime.written = "Authorization: Bearer ntn-very-secret\n"
    for place in ("", "/since", "/download"):
        shown = browser.get(f"/deployments/{deployment.pk}/logs{place}").text
        assert "Authorization: Bearer ••••••" in shown
        assert "ntn-very-secret" not in shown


def test_api_keys_are_blacked_out_whosever_they_are(
    browser: Client, deployment: Deployment, runtime: FakeRuntime
) -> None:
    runtime.written = f"key vendo_sk_{'x' * 32}.\n"
    assert "key ••••••." in browser.get(f"/deployments/{deployment.pk}/logs").text


def test_a_secret_is_not_found_by_searching_for_it(
    browser: Client, deployment: Deployment, runtime: FakeRuntime, make_connection: Make
) -> None:
    bindings.bind(deployment.app, make_connection(deployment.tenant, "notion", token="ntn-very-secret"))
    runtime.written = "Bearer ntn-very-secret\n"
    assert "<span data-tail-found>0</span>" in browser.get(f"/deployments/{deployment.pk}/logs", {"q": "ntn-very"}).text


# --- downloads


def test_the_download_has_all_of_the_output(browser: Client, deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.written = "<script>\n" + "tick\n" * 2000
    answer = browser.get(f"/deployments/{deployment.pk}/logs/download")
    assert answer.text == runtime.written
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="importer-output.log"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_deploy_log_can_be_taken_away_too(browser: Client, deployment: Deployment) -> None:
    step(deployment, "Started.")
    step(deployment, "It ended.", level="error", metadata={"output": "ImportError: no flask\nbye"})
    assert browser.get(f"/deployments/{deployment.pk}/logs/deploy/download").text.splitlines() == [
        "2026-05-04T12:00:01Z INFO    boot: Started. (0.0 s)",
        "2026-05-04T12:00:01Z ERROR   boot: It ended. (0.0 s)",
        "    ImportError: no flask",
        "    bye",
    ]


# --- what the deploys did


def test_the_deploy_log_shows_steps_and_what_programs_said(browser: Client, deployment: Deployment) -> None:
    step(deployment, "It never answered.", "health_check", level="error", metadata={"output": "no <flask>"})
    page = browser.get(f"/deployments/{deployment.pk}/logs/deploy").text
    assert "health_check: It never answered." in page
    assert 'data-level="error"' in page
    assert "no &lt;flask&gt;" in page
    assert "Monday, 4 May 2026" in page


def test_the_deploy_log_can_be_searched(browser: Client, deployment: Deployment) -> None:
    step(deployment, "Started.")
    step(deployment, "It ended.", metadata={"output": "ImportError: no flask"})
    page = browser.get(f"/deployments/{deployment.pk}/logs/deploy", {"q": "FLASK"}).text
    assert "It ended." in page
    assert "Started." not in page


def test_the_deploy_log_is_fetched_anew_with_its_search(browser: Client, deployment: Deployment) -> None:
    page = browser.get(f"/deployments/{deployment.pk}/logs/deploy", {"q": "a&b"}).text
    assert f'hx-get="/deployments/{deployment.pk}/logs/deploy?q=a%26b"' in page


def test_before_the_first_step_the_deploy_log_says_what_it_waits_for(browser: Client, deployment: Deployment) -> None:
    assert "waiting for a worker" in browser.get(f"/deployments/{deployment.pk}/logs/deploy").text


# --- who may look


@pytest.mark.parametrize("place", ["", "/since", "/download", "/deploy", "/deploy/download"])
def test_a_viewer_may_read_logs_and_a_stranger_may_not(
    client_for: SignIn, viewer: User, stranger: User, deployment: Deployment, place: str
) -> None:
    address = f"/deployments/{deployment.pk}/logs{place}"
    assert client_for(viewer).get(address).status_code == 200
    assert client_for(stranger).get(address).status_code == 404


def test_a_page_whose_reader_was_signed_out_is_told_so(client: Client, deployment: Deployment) -> None:
    answer = client.get(f"/deployments/{deployment.pk}/logs/since", headers={"accept": "*/*", "host": "localhost"})
    assert answer.status_code == 401
