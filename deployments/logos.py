"""Logos of providers for pages of any origin: the provider's file, or its monogram on its colour."""

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from connections import catalog
from connections.catalog import Provider
from deployments.errors import ApiError
from deployments.front_door import front_door
from deployments.vending import check_slug

# As in templates/components/_provider_logo.html; a page of another origin has no fonts of ours.
MONOGRAM = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" width="40" height="40" role="img" aria-label="{name}">'
    '<rect width="40" height="40" fill="{colour}"/>'
    '<text x="20" y="20.5" fill="{ink}" font-family="Inter, system-ui, sans-serif" font-size="19" font-weight="650" '
    'text-anchor="middle" dominant-baseline="central">{letter}</text></svg>'
)


@front_door("GET", "HEAD")
def logo(request: HttpRequest, slug: str) -> HttpResponse:
    """One logo. It is the same for everybody, so anybody may embed and keep it for a day."""
    check_slug(slug)
    provider = catalog.all_providers().get(slug)
    if provider is None:
        raise ApiError("provider_unknown")
    response = HttpResponse(_picture(provider), content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _picture(provider: Provider) -> str:
    path = _file(provider.slug)
    return path.read_text() if path else monogram(provider)


def monogram(provider: Provider) -> str:
    """A letter on the provider's colour."""
    return format_html(
        MONOGRAM, name=provider.name, colour=provider.brand_color, ink=provider.ink, letter=provider.monogram
    )


@cache
def _file(slug: str) -> Path | None:
    found = finders.find(f"catalog/{slug}.svg")
    return Path(found) if found else None
