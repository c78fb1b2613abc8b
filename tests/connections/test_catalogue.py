"""The catalogue: every file is a provider, and unsound files are refused with what to change."""

import dataclasses
import re
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from connections import catalog
from connections.models import Integration

ROOT = Path(__file__).resolve().parents[2]
OAUTH = 'OAuth2(authorize_url="https://example.com/a", token_url="{token}", {more})'
SOUND = """
from connections.catalog import (
    Account, ApiKey, Ask, EnvVar, KeyField, OAuth2, Provider, Proxy, Revocation, Scope, Swap
)

provider = Provider(
    slug="{slug}", name="Example", category="Tests", summary="For tests.", docs_url="https://example.com/docs",
    brand_color="{color}", api_url="{api}", {more} auth=({auth},),
    identify=lambda api, answer: Account(id="1", name="One"), verify=lambda api: None,
)
"""


SHOP = "asks=(Ask(name='shop', label='Shop', pattern='[a-z]+', looks='letters'),),"
ASKS, KEYED = SHOP.replace("'shop'", "'Shop'"), SHOP


def _sheet(
    *,
    slug: str = "my-provider",
    color: str = "#123456",
    api: str = "https://example.com",
    more: str = "",
    key: str = "",
    exchange: str = "https://example.com/t",
    oauth: str = "",
) -> str:
    signing_in = OAUTH.format(token=exchange, more=oauth)
    auth = f"ApiKey(keys_url='https://example.com/k', how='Make one.', {key})" if key else signing_in
    return SOUND.format(slug=slug, color=color, api=api, more=more, auth=auth)


def _load(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, catalog.Provider]:
    package = f"shelf_{folder.name.replace('-', '_')}"
    shelf = folder / package
    shelf.mkdir()
    (shelf / "__init__.py").write_text("")
    (shelf / "_hidden.py").write_text("raise AssertionError('never imported')")
    (shelf / "my_provider.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    try:
        return catalog.load([str(shelf)], package)
    finally:
        for name in [name for name in sys.modules if name.startswith(package)]:
            del sys.modules[name]


def test_a_file_is_all_a_provider_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _load(tmp_path, _sheet(), monkeypatch)
    assert list(found) == ["my-provider"]
    assert found["my-provider"].profiles == ("oauth_app_install",)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "define `provider = Provider"),
        (_sheet(slug="other"), "must be the file's name, 'my-provider'"),
        (_sheet(color="blue"), "brand_color must look like"),
        (_sheet(api="http://example.com"), "must be an https address"),
        (_sheet(api="https://user@example.com", more="proxy=Proxy(),"), "api_url must be a host and a path"),
        (_sheet(api="https://example.com/?a=b", more="proxy=Proxy(),"), "api_url must be a host and a path"),
        (_sheet(more="proxy=Proxy(query='key'),"), "name either the header or the query parameter"),
        (_sheet(more="proxy=Proxy(path='/bot{}'),"), "name either the header or the query parameter or the path"),
        (
            _sheet(more="proxy=Proxy(header=None, path='bot'),"),
            "must begin with a slash and hold the credential's place",
        ),
        (_sheet(more="env=(EnvVar(name='A', source='secrets.b'),),"), "nothing is called 'secrets.b'"),
        (_sheet(key="fields=(KeyField(name='a b'),)"), "need names of their own"),
        (_sheet(key="made=('api_key',)"), "need names of their own"),
        (_sheet(key="fields=(KeyField(secret=False),)"), "the first field is the token, and that is secret"),
        (_sheet(key="fields=()"), "the first field is the token"),
        (_sheet(exchange="https://{shop}.example.com/t"), "nothing is asked that is called 'shop'"),
        (_sheet(exchange="https://example.com/{shop}", more=ASKS), "needs a name of its own"),
        (_sheet(exchange="https://{shop}/t", more=SHOP), "must end its host with the provider's own domain"),
        (_sheet(exchange="https://{shop}.com/t", more=SHOP), "must end its host with the provider's own domain"),
        (_sheet(exchange="https://{shop}.example.com@evil.{shop}/t", more=SHOP), "must end its host"),
        (_sheet(oauth="revoke=Revocation(url='http://example.com/r')"), "must be an https address"),
        (_sheet(oauth="renew=Swap(url='https://{shop}/r')", more=SHOP), "must end its host"),
        (_sheet(oauth="renew=Swap(url='https://a.b/r'), refresh_url='https://a.b/t'"), "not both"),
        (_sheet(oauth="refresh_margin=59"), "sixty seconds at least"),
        (_sheet(oauth="scopes=(Scope(name='a', meaning='A'),), fixed_scopes=('a',)"), "asked for twice"),
        (_sheet(api="https://{host}.example.com"), "account_url must say where to ask"),
        (_sheet(api="https://{host}", more="account_url='https://example.com',"), "api_hosts must name the domains"),
        (
            _sheet(api="https://{host}", more="account_url='https://example.com', api_hosts=('com',),"),
            "api_hosts must look like .example.com.",
        ),
        (_sheet(more="asks=(Ask(name='a', label='A', pattern='[', looks='', default='x'),),"), "regular expression"),
        (_sheet(more="asks=(Ask(name='a', label='A', pattern='b', looks='', default='x'),),"), "regular expression"),
        (_sheet(more=KEYED, key="fields=(KeyField(name='shop'),)"), "each needs a name of its own"),
        (_sheet(more="proxy=Proxy(header=None),"), "name either the header or the query parameter"),
        (_sheet(more="proxy=Proxy(header='Host'),"), "'Host' is no header for a credential"),
        (_sheet(more="proxy=Proxy(header='A b'),"), "'A b' is no header for a credential"),
        (_sheet(more="proxy=Proxy(header=None, query='a&b'),"), "'a&b' is no plain name of a parameter"),
    ],
)
def test_an_unsound_file_is_refused(text: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(catalog.CatalogueError, match=re.escape(advice)) as caught:
        _load(tmp_path, text, monkeypatch)
    assert "my_provider.py" in str(caught.value)


def test_rows_follow_files_and_keep_what_an_operator_set(db: None) -> None:
    Integration.objects.filter(slug="notion").update(featured=True, client_id="ours")
    Integration.objects.filter(slug="googledrive").delete()
    Integration.objects.create(slug="gone")
    call_command("sync_catalog")
    assert Integration.objects.get(slug="notion").client_id == "ours"
    assert Integration.objects.get(slug="googledrive").enabled
    assert not Integration.objects.get(slug="gone").enabled


@pytest.mark.parametrize("slug", sorted(catalog.all_providers()))
def test_every_provider_has_its_test(slug: str) -> None:
    assert (Path(__file__).parent / "catalog" / f"test_{slug.replace('-', '_')}.py").exists()


def test_no_other_file_knows_a_provider_by_name() -> None:
    apps = ["tenants", "connections", "deployments", "wizard", "vendo_site", "templates"]
    files = [p for app in apps for p in (ROOT / app).rglob("*") if p.suffix in {".py", ".html"}]
    # load_demo points the demo's rows at the sandbox, which has look-alikes of exactly these.
    files = [p for p in files if "catalog" not in p.parts and p.name not in {"load_demo.py", "patterns.html"}]
    slugs = re.compile(rf"['\"]({'|'.join(map(re.escape, catalog.all_providers()))})['\"]")
    named = [f"{p.relative_to(ROOT)}: {m.group(0)}" for p in files for m in slugs.finditer(p.read_text())]
    assert not named


@pytest.mark.parametrize(
    ("color", "ink"), [("#ffe01b", "#000000"), ("#18bfff", "#000000"), ("#4a154b", "#ffffff"), ("#707070", "#ffffff")]
)
def test_a_monogram_can_be_read_on_its_colour(color: str, ink: str) -> None:
    assert dataclasses.replace(catalog.get("notion"), brand_color=color).ink == ink
