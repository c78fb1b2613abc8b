"""The lines that a developer pastes to use an app from a program of their own."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from deployments.uses import AppUse

PLACEHOLDER = "vendo_sk_…"


@dataclass(frozen=True, slots=True)
class Quickstart:
    """What goes into the terminal, and what into the program."""

    shell: str
    program: str


def quickstart(uses: Iterable[AppUse]) -> Quickstart:
    """For the app's first bound integration, else for the first one it could use."""
    slug = next((use.integration.slug for use in uses), "provider")
    lines = (
        "pip install ./sdk/python",
        f"export VENDO_BASE_URL={settings.BASE_URL}",
        f"export VENDO_API_KEY={PLACEHOLDER}",
    )
    return Quickstart(shell="\n".join(lines), program=f'import vendo\n\ntoken = vendo.token("{slug}")')


def command(slug: str) -> str:
    """What fetches a token without any SDK."""
    return f'curl -H "Authorization: Bearer {PLACEHOLDER}" {settings.BASE_URL}/credentials/{slug}'
