"""`deployHooks.afterDeploy`: what a release wants done at a provider once its tool runs, and what follows later."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connections import connect as journey
from connections import inbound, vault
from connections.models import Connection
from deployments import bindings, deploy_hooks, health, pipeline, ports, runtimes, tasks
from deployments.manifest import ManifestError
from deployments.models import Activity, Deployment, Release
from deployments.operations import destroy, retry, upgrade
from tenants.models import Tenant, User
from tests.deployments.dying import outcomes, run
from tests.deployments.fakes import FakeRuntime, deployed, everything_told, release_of
from tests.deployments.running import now
from tests.simulator import Asked, Simulator, simulated

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "700000001:AAhooks-0123456789-abcdefghijklmn"
HOOK = "telegram_set_webhook"
AGAIN = "Connect Telegram anew, then retry."
HOOKS = {"deployHooks": {"afterDeploy": [HOOK]}}


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """No process is started; what would be, answers at once."""
    settings.DATA_DIR, settings.TOOL_PORTS = tmp_path / "data", "8790-8793"
    fake = FakeRuntime()
    monkeypatch.setattr(runtimes, "current", lambda: fake)
    monkeypatch.setattr(health, "ask", lambda port, path: (True, "status 200"))
    monkeypatch.setattr(ports, "busy", lambda port: False)
    return fake


@pytest.fixture
def provider(db: None) -> Iterator[Simulator]:
    """Telegram, which sends messages to whatever address it was given."""
    with simulated() as simulator:
        simulator.play("telegram")
        simulator.api = {
            f"/bot{TOKEN}/{method}": {"ok": True, "result": True} for method in ("setWebhook", "deleteWebhook")
        }
        yield simulator


@pytest.fixture
def bot(tenant: Tenant, provider: Simulator, make_connection: Callable[..., Connection]) -> Connection:
    return make_bot(make_connection, tenant)


def make_bot(make_connection: Callable[..., Connection], tenant: Tenant) -> Connection:
    row = make_connection(tenant, "telegram", token=TOKEN, display_name="@acme_bot")
    vault.seal(row, "further_secrets", json.dumps({"signing_secret": f"secret-of-{row.external_id}"}))
    row.save()
    return row


@pytest.fixture
def release(tmp_path: Path, db: None) -> Release:
    return release_of(tmp_path / "clock", integrations=["telegram"], **HOOKS)


@pytest.fixture
def deployment(tenant: Tenant, owner: User, release: Release, bot: Connection) -> Deployment:
    return deployed(tenant, release, user=owner, chosen={"telegram": bot})


def told(provider: Simulator, method: str) -> list[Asked]:
    return provider.asked_of(f"/bot{TOKEN}/{method}")


def points_at(provider: Simulator, url: str) -> None:
    """What the provider says about where it sends to."""
    provider.api[f"/bot{TOKEN}/getWebhookInfo"] = {"ok": True, "result": {"url": url}}


# --- publishing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hook", "sentence"),
    [
        (HOOK, "Add telegram to integrations in both files, or remove the hook."),
        ("telegram_set_webook", f'Did you mean "{HOOK}"?'),
    ],
)
def test_a_hook_is_one_of_an_integration_that_the_tool_declares(tmp_path: Path, hook: str, sentence: str) -> None:
    with pytest.raises(ManifestError) as refused:
        release_of(tmp_path / "clock", deployHooks={"afterDeploy": [hook]})
    assert "template.json deployHooks.afterDeploy[0]: expected " in str(refused.value)
    assert sentence in str(refused.value)


# --- deploying --------------------------------------------------------------------------------------------------------


def test_the_deploy_points_the_provider_at_us(deployment: Deployment, provider: Simulator, bot: Connection) -> None:
    run(deployment)
    assert deployment.status == Deployment.Status.RUNNING
    (asked,) = told(provider, "setWebhook")
    url = f"http://localhost:8000/hooks/{bot.external_id}"
    assert asked.body == {"url": url, "secret_token": f"secret-of-{bot.external_id}"}
    step = deployment.logs.get(step="run_deploy_hooks")
    assert step.message == "Telegram sends the bot's messages to the tool."


def test_where_it_fails_the_step_says_why_and_can_be_done_again(deployment: Deployment, provider: Simulator) -> None:
    provider.api_status = 400
    run(deployment)
    assert (deployment.status, outcomes(deployment)[-1]) == ("failed", ("run_deploy_hooks", "failed"))
    assert deployment.failure["message"].startswith("Telegram could not be pointed at the tool.")
    assert "port 443, 80, 88 or 8443" in deployment.failure["remedy"]
    provider.api_status = 200
    retry(deployment)
    run(deployment)
    assert deployment.status == Deployment.Status.RUNNING


def test_a_bot_whose_token_is_gone_is_to_be_connected_anew(deployment: Deployment, provider: Simulator) -> None:
    provider.api_status = 401
    run(deployment)
    assert (deployment.failure["slug"], deployment.failure["remedy"]) == (
        "telegram",
        "Connect Telegram anew, then retry.",
    )


@pytest.mark.parametrize("kept", [None, "v1.dev.AAAA"])
def test_nor_does_it_work_without_a_secret(
    deployment: Deployment, provider: Simulator, bot: Connection, kept: str | None
) -> None:
    bindings.bind(deployment.app, bot)
    Connection.everyone.update(further_secrets=kept)
    with pytest.raises(deploy_hooks.HookFailed, match="@acme_bot") as failed:
        deploy_hooks.run(deployment.app, HOOK)
    assert (failed.value.slug, failed.value.remedy) == ("telegram", AGAIN)
    assert provider.asked == []


def test_the_real_provider_wants_an_https_address(
    deployment: Deployment, bot: Connection, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    bot.integration.endpoint_overrides = {}
    bot.integration.save()
    monkeypatch.setattr(deploy_hooks, "ProviderApi", None)  # nobody is asked
    run(deployment)
    assert deployment.failure["step"] == "validate_template"  # before anything is installed
    assert "https addresses only, and this dashboard's is http://localhost:8000" in deployment.failure["message"]
    assert "VENDO_BASE_URL" in deployment.failure["remedy"]


def test_no_secret_is_told(deployment: Deployment, provider: Simulator, bot: Connection, caplog: Any) -> None:
    provider.api_status = 400
    run(deployment)
    seen = everything_told(deployment) + caplog.text
    assert not [secret for secret in (TOKEN, f"secret-of-{bot.external_id}") if secret in seen]


def test_where_it_is_optional_and_not_connected_there_is_nothing_to_do(
    tenant: Tenant, owner: User, tmp_path: Path
) -> None:
    optional = [{"provider": "telegram", "optional": True}]
    row = deployed(tenant, release_of(tmp_path / "clock", integrations=optional, **HOOKS), user=owner)
    run(row)
    assert row.status == Deployment.Status.RUNNING
    assert "had nothing to do" in row.logs.get(step="run_deploy_hooks").message


def test_a_hook_that_is_no_longer_known_is_said_to_be(deployment: Deployment) -> None:
    with pytest.raises(deploy_hooks.HookFailed, match="knows no hook other_hook"):
        deploy_hooks.run(deployment.app, "other_hook")


def test_a_release_that_no_longer_wants_it_ends_it(
    deployment: Deployment, provider: Simulator, bot: Connection, tmp_path: Path
) -> None:
    run(deployment)
    points_at(provider, inbound.address(bot.external_id))
    release_of(tmp_path / "next", integrations=["telegram"], version="2.0.0")
    upgrade(now(deployment))
    run(deployment)
    assert (deployment.status, deployment.release.version) == (Deployment.Status.RUNNING, "2.0.0")
    assert len(told(provider, "deleteWebhook")) == 1
    assert len(told(provider, "setWebhook")) == 1


def test_who_can_not_be_told_does_not_hold_up_the_deploy(
    deployment: Deployment, provider: Simulator, bot: Connection
) -> None:
    run(deployment)
    provider.api_status = 503
    deploy_hooks.end(deployment, HOOK)
    deploy_hooks.end(deployment, "other_hook")
    assert Activity.everyone.filter(deployment=deployment, action__startswith="could not run").count() == 2


# --- later ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of connections that workers are to settle."""
    wanted: list[str] = []
    monkeypatch.setattr(deploy_hooks, "_enqueue", lambda pk: wanted.append(str(pk)))
    return wanted


def test_a_change_of_bot_moves_the_webhook(
    deployment: Deployment,
    provider: Simulator,
    bot: Connection,
    settled: list[str],
    make_connection: Callable[..., Connection],
) -> None:
    run(deployment)
    other = make_bot(make_connection, deployment.tenant)
    settled.clear()
    bindings.bind(deployment.app, other)
    assert {*settled} == {str(bot.pk), str(other.pk)}
    points_at(provider, inbound.address(bot.external_id))
    provider.asked.clear()
    for pk in (bot.pk, other.pk):
        tasks.settle_hooks.func(str(pk))
    assert len(told(provider, "deleteWebhook")) == 1
    assert [asked.body["url"] for asked in told(provider, "setWebhook")] == [inbound.address(other.external_id)]


def test_the_end_of_a_deployment_ends_the_webhook(
    deployment: Deployment, provider: Simulator, bot: Connection, settled: list[str]
) -> None:
    run(deployment)
    settled.clear()
    destroy(deployment)
    pipeline.run(deployment.pk)
    assert settled == [str(bot.pk)]
    points_at(provider, inbound.address(bot.external_id))
    deploy_hooks.settle(bot.pk)
    assert len(told(provider, "deleteWebhook")) == 1


def test_where_the_provider_sends_elsewhere_by_now_nobody_interferes(
    deployment: Deployment, provider: Simulator, bot: Connection
) -> None:
    points_at(provider, "https://elsewhere.example")
    deploy_hooks.settle(bot.pk)
    assert told(provider, "deleteWebhook") == []


def test_while_it_does_not_run_all_stays(deployment: Deployment, provider: Simulator, bot: Connection) -> None:
    run(deployment)
    Deployment.everyone.update(status=Deployment.Status.SUSPENDED)
    provider.asked.clear()
    deploy_hooks.settle(bot.pk)
    assert provider.asked == []


def test_what_does_not_work_is_noted(deployment: Deployment, provider: Simulator, bot: Connection) -> None:
    run(deployment)
    provider.api_status = 503
    deploy_hooks.settle(bot.pk)
    noted = Activity.everyone.get(deployment=deployment, action=f"could not run {HOOK}")
    assert noted.detail.startswith("Telegram could not be pointed at the tool.")


def test_of_a_connection_that_is_gone_nothing_is_asked(provider: Simulator, bot: Connection) -> None:
    journey.disconnect(bot)
    provider.asked.clear()
    deploy_hooks.settle(bot.pk)
    assert provider.asked == []


def test_disconnecting_ends_the_webhook(deployment: Deployment, provider: Simulator, bot: Connection) -> None:
    run(deployment)
    points_at(provider, inbound.address(bot.external_id))
    journey.disconnect(bot)
    assert len(told(provider, "deleteWebhook")) == 1


def test_but_not_one_that_leads_elsewhere(provider: Simulator, bot: Connection) -> None:
    points_at(provider, "https://elsewhere.example")
    journey.disconnect(bot)
    assert told(provider, "deleteWebhook") == []


@pytest.mark.parametrize("status", [401, 503])
def test_and_a_provider_that_can_not_be_told_does_not_stop_it(
    provider: Simulator, bot: Connection, status: int
) -> None:
    provider.api_status = status
    journey.disconnect(bot)
    bot.refresh_from_db()
    assert bot.status == Connection.Status.REVOKED


def test_other_providers_need_no_worker(
    tenant: Tenant, settled: list[str], make_connection: Callable[..., Connection]
) -> None:
    deploy_hooks.settle_later(make_connection(tenant, "notion"))
    assert settled == []
