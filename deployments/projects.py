"""Projects and the settings of any app: its name, and the origins that may hear of a connect."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from connections.popup import origin_of
from deployments.models import App
from tenants.models import Tenant

MOST_ORIGINS = 20


class OriginRefused(Exception):
    """Not an origin; `message` says which and what one looks like."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def create_project(tenant: Tenant, name: str) -> App:
    """An app without a deployment: what a developer makes to get a key for local work."""
    project: App = App.everyone.create(tenant=tenant, name=name, kind=App.Kind.PROJECT)
    return project


def rename(app: App, name: str) -> None:
    """Give an app another name."""
    app.name = name
    app.save(update_fields=["name"])


def allow_origins(app: App, origins: Iterable[str]) -> None:
    """Replace the origins that may open the popup and hear its result. Raises `OriginRefused`; then nothing changes."""
    wanted = list(dict.fromkeys(_origin(text) for text in origins))
    if len(wanted) > MOST_ORIGINS:
        raise OriginRefused(f"An app can have {MOST_ORIGINS} origins at most.")
    app.allowed_origins = wanted
    app.save(update_fields=["allowed_origins"])


def _origin(text: str) -> str:
    """An origin and nothing else: somebody who registers a path believes that the path is checked."""
    origin = origin_of(text)
    beyond = urlsplit(text.strip().removesuffix("/"))[2:] if origin else ()
    # A browser sends neither of these in an Origin header, so they could never match.
    unusable = origin is None or any(c.isspace() or c in "*\\<>\"'" or not c.isascii() for c in origin)
    if origin is None or unusable or any(beyond) or len(origin) > 255:
        raise OriginRefused(f"{text[:100]!r} is not an origin. Write it like https://app.example.org, without a path.")
    return origin
