"""Provider slugs, and the environment variables that are named after them."""

from __future__ import annotations

import os
import re

from vendo.errors import ValidationError

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")


def is_slug(value: object) -> bool:
    return isinstance(value, str) and _SLUG.fullmatch(value) is not None


def checked(slug: str) -> str:
    """The slug itself, once it is known to be one: only then may it enter a URL or a variable's name."""
    if not is_slug(slug):
        raise ValidationError(
            "A provider slug has lower-case letters, digits and hyphens only, like 'notion' or 'google-drive'."
        )
    return slug


def own_variable(slug: str) -> str:
    """`NOTION_TOKEN`: where a person who runs the tool without a dashboard puts their token."""
    return f"{_shout(slug)}_TOKEN"


def override_variable(slug: str) -> str:
    """`VENDO_TOKEN_NOTION`: beats everything, so that a developer can try another token for a moment."""
    return f"VENDO_TOKEN_{_shout(slug)}"


def variable(name: str) -> str | None:
    """The value of an environment variable; one that is blank counts as not set."""
    return os.environ.get(name, "").strip() or None


def _shout(slug: str) -> str:
    return slug.replace("-", "_").upper()
