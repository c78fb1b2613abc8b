"""Template filters for what the catalogue says."""

from functools import cache

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static

from connections.catalog import Provider
from connections.models import Connection

register = template.Library()


@register.filter
def logo_url(provider: Provider) -> str:
    """Address of the provider's logo, or "" where there is none: then its monogram stands on its colour."""
    return static(path) if _exists(path := f"catalog/{provider.slug}.svg") else ""


@register.filter
def permissions(connection: Connection) -> list[str]:
    """What was granted, in plain words where the catalogue has them; without what only makes the dance work."""
    oauth = connection.integration.provider.oauth
    if oauth is None:
        return list(connection.granted_scopes)
    meanings = {name: scope.meaning for scope in oauth.scopes for name in (*scope.also, scope.name)}
    shown = [scope for scope in connection.granted_scopes if scope not in oauth.fixed_scopes]
    return list(dict.fromkeys(meanings.get(scope, scope) for scope in shown))


@cache
def _exists(path: str) -> bool:
    return finders.find(path) is not None
