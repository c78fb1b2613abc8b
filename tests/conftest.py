"""The cast: one workspace with an owner, a member and a viewer, and a stranger from another one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from connections import vault
from connections.models import Connection, Integration
from tenants.models import Membership, Tenant, User
from tests.services import chromium_path

BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# How long an example takes says something about the machine and nothing about the code.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing that is slow on purpose would take most of the suite's time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """Rate limits count in the cache; each test starts from nothing."""
    cache.clear()


@pytest.fixture
def tenant(db: None) -> Tenant:
    """The workspace most tests are about."""
    return Tenant.objects.create(name="Acme", slug="acme")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    """Somebody else's workspace."""
    return Tenant.objects.create(name="Globex", slug="globex")


def _person(email: str, tenant: Tenant, role: str) -> User:
    user = User.objects.create_user(email, "correct horse battery")
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


@pytest.fixture
def owner(tenant: Tenant) -> User:
    """Owns `tenant`."""
    return _person("owner@acme.example", tenant, Membership.Role.OWNER)


@pytest.fixture
def member(tenant: Tenant) -> User:
    """May change things in `tenant`."""
    return _person("member@acme.example", tenant, Membership.Role.MEMBER)


@pytest.fixture
def viewer(tenant: Tenant) -> User:
    """May look at `tenant`."""
    return _person("viewer@acme.example", tenant, Membership.Role.VIEWER)


@pytest.fixture
def stranger(other_tenant: Tenant) -> User:
    """Owns `other_tenant` and must never see anything of `tenant`."""
    return _person("stranger@globex.example", other_tenant, Membership.Role.OWNER)


@pytest.fixture
def browser() -> Client:
    """A browser in which nobody is signed in."""
    return Client(headers={"accept": "text/html", "host": "localhost:8000"})


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """user → a browser signed in as that user."""

    def sign_in(user: User) -> Client:
        client = Client(headers={"accept": "text/html", "host": "localhost:8000"})
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def operator(db: None, client_for: Callable[[User], Client]) -> Client:
    """The browser of somebody who may use the admin."""
    return client_for(User.objects.create_superuser("operator@vendo.example", "correct horse battery"))


def _configured(slug: str) -> Integration:
    integration = Integration.objects.get(slug=slug)
    integration.client_id = "test-client"
    vault.seal(integration, "client_secret", "test-client-secret")
    integration.save()
    return integration


@pytest.fixture
def notion(db: None) -> Integration:
    """Notion, with our client's id and secret."""
    return _configured("notion")


@pytest.fixture
def googledrive(db: None) -> Integration:
    """Google Drive, with our client's id and secret."""
    return _configured("googledrive")


@pytest.fixture
def make_connection(db: None) -> Callable[..., Connection]:
    """(tenant, slug, **fields) → an active connection whose token is `secret-<slug>-token` unless `token` is given."""

    def make(
        tenant: Tenant, slug: str, *, token: str | None = None, refresh_token: str | None = None, **fields: Any
    ) -> Connection:
        provider = Integration.objects.get(slug=slug).provider
        fields = {"profile": provider.profiles[0], "display_name": f"{provider.name} account"} | fields
        connection = Connection(tenant=tenant, integration_id=slug, **fields)
        vault.seal(connection, "credential", token or f"secret-{slug}-token")
        vault.seal(connection, "refresh_token", refresh_token)
        connection.save()
        return connection

    return make


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Headless Chromium, for one module at a time: while it is open, an event loop runs that Django's ORM refuses."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browse(live_server: Any, settings: Any, owner: User) -> Callable[..., Any]:
    """(**options of the context) → a browser in which the owner is signed in, for a `with`.

    Closed before the test looks into the database: while it is open, an event loop runs that Django's ORM refuses.
    """
    settings.BASE_URL = live_server.url
    client = Client()
    client.force_login(owner)
    session = client.cookies[settings.SESSION_COOKIE_NAME]

    @contextmanager
    def open_one(**options: Any) -> Iterator[BrowserContext]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=BROWSER_ARGUMENTS)
            context = browser.new_context(base_url=live_server.url, **options)
            context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
            yield context
            browser.close()

    return open_one
