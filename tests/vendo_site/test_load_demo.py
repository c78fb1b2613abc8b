"""The demo's data: there after one run, the same after two, and never where it does not belong."""

from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from connections import vault
from connections.models import Integration
from deployments.models import App, Release
from tenants.models import Membership, Tenant, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path


def rows() -> list[int]:
    return [model._base_manager.count() for model in (User, Tenant, Membership, EmailAddress, App, Release)]


def test_it_makes_a_workspace_to_try_things_in(settings: Any) -> None:
    call_command("load_demo")
    user = User.objects.get(email=settings.DEMO_EMAIL)
    assert user.check_password(settings.DEMO_PASSWORD)
    assert EmailAddress.objects.get(user=user).verified
    membership = Membership.objects.get(user=user)
    assert (membership.tenant.slug, membership.role) == ("demo", Membership.Role.OWNER)
    assert [app.name for app in App.objects.of(membership.tenant)] == ["Local development"]
    assert Release.objects.get().tool_id == "notion-importer"


def test_the_sandbox_plays_those_where_one_signs_in(settings: Any) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8599"
    call_command("load_demo")
    for slug, api_url in (("notion", "http://127.0.0.1:8599/notion"), ("googledrive", "http://127.0.0.1:8599/google")):
        integration = Integration.objects.get(slug=slug)
        assert (integration.client_id, integration.api_url) == ("vendo-sandbox", api_url)
        assert vault.reveal(integration, "client_secret") == "vendo-sandbox-secret"


def test_the_sandbox_plays_those_that_take_keys_too(settings: Any) -> None:
    for port in (8598, 8599):
        settings.SANDBOX_URL = f"http://127.0.0.1:{port}"
        call_command("load_demo")
    for slug in ("openai", "telegram"):
        integration = Integration.objects.get(slug=slug)
        assert (integration.api_url, integration.client_id) == (f"http://127.0.0.1:8599/{slug}", "")


def test_an_operator_may_use_real_keys_in_the_demo() -> None:
    call_command("load_demo")
    Integration.objects.filter(pk="openai").update(endpoint_overrides={})
    Integration.objects.filter(pk="telegram").update(endpoint_overrides={"api_url": "https://telegram.example.com"})
    call_command("load_demo")
    assert Integration.objects.get(pk="openai").api_url == "https://api.openai.com"
    assert Integration.objects.get(pk="telegram").api_url == "https://telegram.example.com"


def test_a_second_run_adds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_demo")
    before = rows()
    call_command("load_demo")
    assert rows() == before
    assert capsys.readouterr().err == ""


def test_an_operators_own_client_stays() -> None:
    Integration.objects.filter(pk="notion").update(client_id="ours")
    call_command("load_demo")
    integration = Integration.objects.get(pk="notion")
    assert (integration.client_id, integration.endpoint_overrides) == ("ours", {})


def test_it_refuses_where_it_does_not_belong(settings: Any) -> None:
    settings.DEVELOPMENT = False
    with pytest.raises(CommandError, match="developer's machine"):
        call_command("load_demo")
    assert not User.objects.exists()
