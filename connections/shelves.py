"""What can be connected, as the Connections page shows it: what is featured first, and only what somebody looks for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from connections.models import Connection, Integration

FEATURED, OTHERS, ALL = "Featured", "More providers", "All providers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What somebody looks for: words, and a category; "" is everything."""

    words: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An integration, how many of its accounts are connected, and whether it is what somebody looks for."""

    integration: Integration
    connected: int
    text: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """Cards under one title."""

    title: str
    cards: list[Card]

    @property
    def shown(self) -> bool:
        """Whether anything on it is."""
        return any(card.shown for card in self.cards)


def shelves(mine: Iterable[Connection], look: Look) -> list[Shelf]:
    """What operators feature, then the others; each by name, those that nobody can connect yet at the end.

    What is not looked for is hidden, not left out: a search in the browser goes on from there.
    """
    counts = Counter(connection.integration_id for connection in mine)
    enabled = sorted(Integration.objects.filter(enabled=True), key=_place)
    cards = [_card(integration, counts[integration.slug], look) for integration in enabled]
    featured = [card for card in cards if card.integration.featured]
    others = [card for card in cards if not card.integration.featured]
    found = [Shelf(FEATURED, featured), Shelf(OTHERS if featured else ALL, others)]
    return [shelf for shelf in found if shelf.cards]


def categories(shelves: Iterable[Shelf]) -> list[str]:
    """All that there are, in order."""
    return sorted({card.integration.provider.category for shelf in shelves for card in shelf.cards})


def _place(integration: Integration) -> tuple[bool, str]:
    return not integration.configured, integration.provider.name.casefold()


def _card(integration: Integration, connected: int, look: Look) -> Card:
    provider = integration.provider
    text = f"{provider.name} {provider.category} {provider.summary}"
    # As static/js/filter.js does it.
    said = all(word in text.lower() for word in look.words.lower().split())
    shown = said and look.category in {"", provider.category}
    return Card(integration=integration, connected=connected, text=text, shown=shown)
