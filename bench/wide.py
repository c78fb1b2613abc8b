"""The dashboard with a catalogue of at least thirty providers, whatever the real one has: made-up ones fill it up."""

import dataclasses
from collections.abc import MutableMapping
from typing import cast

from connections import catalog
from connections.catalog import Provider

LEAST = 30


def widen() -> list[str]:
    """Fill the catalogue of this process; returns the slugs of `LEAST` providers."""
    providers = cast("MutableMapping[str, Provider]", catalog.all_providers())
    pattern = providers["notion"]
    for number in range(LEAST - len(providers)):
        slug = f"made-up-{number}"
        providers[slug] = dataclasses.replace(pattern, slug=slug, name=f"Made up {number}")
    return list(providers)[:LEAST]
