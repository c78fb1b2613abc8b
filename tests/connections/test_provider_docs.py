"""docs/integrations: what the provider files say, no more and no less, with code that runs."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from vendo.testing import MockClient, fake_connection

from connections.catalog import OAuth2, Provider, all_providers
from connections.provider_docs import duration, pages

FOLDER = Path(__file__).resolve().parents[2] / "docs/integrations"
PROVIDERS = [pytest.param(provider, id=slug) for slug, provider in all_providers().items()]
SIGNED_IN = [pytest.param(provider, id=slug) for slug, provider in all_providers().items() if provider.oauth]


def test_the_pages_are_as_the_provider_files_have_them() -> None:
    """Where this fails: `manage.py provider_docs`."""
    assert {page.name: page.read_text() for page in FOLDER.glob("*.md")} == pages()


def test_the_command_writes_them_and_removes_what_is_gone(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs/integrations").mkdir(parents=True)
    (tmp_path / "docs/integrations/gone.md").write_text("# Gone")
    call_command("provider_docs")
    assert {page.name for page in (tmp_path / "docs/integrations").iterdir()} == set(pages())


def test_the_table_names_every_provider() -> None:
    rows = re.findall(r"^\| \[(.+?)\]\((.+?)\.md\) \| `(.+?)` \|", pages()["index.md"], flags=re.MULTILINE)
    assert rows == [(provider.name, slug, slug) for slug, provider in all_providers().items()]


@pytest.mark.parametrize("provider", SIGNED_IN)
def test_a_page_says_where_our_client_is_registered_and_with_which_address(provider: Provider) -> None:
    page, oauth = pages()[f"{provider.slug}.md"], provider.oauth
    assert oauth and oauth.register and f"<{oauth.register_url}>" in page
    assert f"`<VENDO_BASE_URL>/api/oauth/{provider.slug}/callback`" in page
    assert all(f"| `{scope.name}` | {scope.meaning} |" in page for scope in oauth.scopes)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_context_is_as_the_data_sheet_describes_it(provider: Provider) -> None:
    facts = import_module(f"tests.connections.catalog.test_{provider.slug.replace('-', '_')}")
    assert set(provider.context) == set(getattr(facts, "CONTEXT", None) or {})


@pytest.mark.parametrize("provider", SIGNED_IN)
def test_a_token_that_lives_for_a_while_is_no_variable(provider: Provider) -> None:
    """And the recorded answers tell whether it does."""
    facts = import_module(f"tests.connections.catalog.test_{provider.slug.replace('-', '_')}")
    oauth = provider.oauth
    assert isinstance(oauth, OAuth2)
    ends = "expires_in" in facts.TOKEN_ANSWER or bool(oauth.lifetime)
    assert ends == bool(oauth.lifetime or oauth.renew)
    assert not (ends and any(var.source == "access_token" for var in provider.env))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_python_runs_and_ends_with_all_that_a_call_needs(provider: Provider) -> None:
    context = {key: f"the-{key}" for key in provider.context}
    names: dict[str, Any] = {}
    with MockClient() as mock:
        mock.connect(provider.slug, "token-1", connection=fake_connection(provider.slug, context=context or None))
        exec(_block(provider, "python"), names)  # noqa: S102
    assert names["base"] == provider.api_url.format_map(context) + provider.carrier.prefix("token-1")
    assert names.get("headers", {}) == {**provider.carrier.headers("token-1"), **provider.api_headers}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_typescript_says_the_same(provider: Provider) -> None:
    code = _block(provider, "typescript")
    assert f'await ask("/credentials/{provider.slug}")' in code
    assert all(f"context.{key}" in code for key in provider.context if f"{{{key}}}" in provider.api_url)
    assert all(f'"{name}": "{value}"' in code for name, value in provider.api_headers.items())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(900, "15 minutes"), (3600, "an hour"), (14400, "4 hours"), (86400, "a day"), (90, "90 seconds")],
)
def test_durations_are_in_the_largest_unit_that_fits(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def _block(provider: Provider, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", pages()[f"{provider.slug}.md"], re.MULTILINE | re.DOTALL)
    assert found
    return found[1]
