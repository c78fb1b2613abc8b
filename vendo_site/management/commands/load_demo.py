"""`manage.py load_demo`: a workspace to try things in, with providers that the sandbox plays."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connections import vault
from connections.models import Integration
from deployments.manifest import ManifestError
from deployments.models import App
from deployments.projects import create_project
from deployments.publish import publish
from tenants.models import Membership, Tenant, User

EXAMPLE = settings.BASE_DIR / "examples" / "notion-importer"
CLIENT_ID, CLIENT_SECRET = "vendo-sandbox", "vendo-sandbox-secret"

# Integration → where the sandbox's look-alike of it has what.
LOOKALIKES = {
    "notion": {
        "authorize_url": "/notion/v1/oauth/authorize",
        "token_url": "/notion/v1/oauth/token",
        "revoke_url": "/notion/v1/oauth/revoke",
        "api_url": "/notion",
    },
    "googledrive": {
        "authorize_url": "/google/o/oauth2/v2/auth",
        "token_url": "/google/token",
        "revoke_url": "/google/revoke",
        "api_url": "/google",
    },
    "openai": {"api_url": "/openai"},
    "telegram": {"api_url": "/telegram"},
}


class Command(BaseCommand):
    """Safe to run again: it adds what is missing, and leaves alone what somebody changed."""

    help = "Add the demo account and workspace, point providers at the sandbox, and publish the example tool."

    def handle(self, *args: Any, **options: Any) -> None:
        """Only on a developer's machine: the demo's password is known to everybody."""
        if not settings.DEVELOPMENT:
            raise CommandError("The demo is for a developer's machine. Set DEBUG=true there; do not load it elsewhere.")
        with transaction.atomic():
            tenant = self.workspace(self.person())
            if not App.objects.of(tenant).filter(kind=App.Kind.PROJECT).exists():
                create_project(tenant, "Local development")
            for slug, paths in LOOKALIKES.items():
                self.point_at_sandbox(slug, paths)
        try:
            publish(EXAMPLE)
        except ManifestError as error:
            self.stderr.write(f"The example tool stays as it was published before: {error}")
        self.stdout.write(f"Demo: {settings.DEMO_EMAIL} / {settings.DEMO_PASSWORD}")

    @staticmethod
    def person() -> User:
        """The demo account, its address verified."""
        user = User.objects.filter(email=settings.DEMO_EMAIL).first()
        user = user or User.objects.create_user(settings.DEMO_EMAIL, settings.DEMO_PASSWORD)
        EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
        return user

    @staticmethod
    def workspace(user: User) -> Tenant:
        """The demo account's workspace, its address chosen."""
        membership = Membership.objects.filter(user=user).select_related("tenant").first()
        if membership:
            return membership.tenant
        tenant, _ = Tenant.objects.get_or_create(slug="demo", defaults={"name": "Demo"})
        Membership.objects.create(user=user, tenant=tenant, role=Membership.Role.OWNER)
        return tenant

    @staticmethod
    def point_at_sandbox(slug: str, paths: dict[str, str]) -> None:
        """Let the sandbox play this provider, unless an operator entered a client of their own, or the real address."""
        integration = Integration.objects.get(slug=slug)
        if integration.client_id not in {"", CLIENT_ID} or not untouched(integration, paths):
            return
        integration.featured = True
        integration.endpoint_overrides = {name: f"{settings.SANDBOX_URL}{path}" for name, path in paths.items()}
        if integration.provider.oauth:
            integration.client_id = CLIENT_ID
            vault.seal(integration, "client_secret", CLIENT_SECRET)
        integration.save()


def untouched(integration: Integration, paths: dict[str, str]) -> bool:
    """Whether the row is as it was at first, or as the demo left it. Where one signs in, the client's id tells that."""
    if integration.provider.oauth:
        return True
    present = integration.endpoint_overrides.get("api_url", "")
    return present.endswith(paths["api_url"]) if present else not integration.featured
