"""Providers whose keys people paste, played by a simulator from what their own tests have recorded."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django.test import Client

from connections import catalog
from connections.catalog import ApiKey
from connections.models import Connection, Integration
from tests.simulator import Asked, Simulator

SLUGS = [slug for slug, provider in catalog.all_providers().items() if provider.key]
type Sent = Any  # Django's test client's answers have no type of their own


@dataclass
class Keyed:
    """One such provider: `pasted` works, and nothing else does unless the simulator is told so."""

    slug: str
    simulator: Simulator
    _answers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        facts = import_module(f"tests.connections.catalog.test_{self.slug.replace('-', '_')}")
        self.pasted: dict[str, str] = facts.PASTED
        self.variables: dict[str, Any] = facts.VARIABLES
        self.integration: Integration = self.simulator.play(self.slug)
        self._answers: dict[str, Any] = facts.API
        self.takes(*self.pasted.values(), answers=self._answers)

    @property
    def key(self) -> ApiKey:
        """What the data sheet says of its keys."""
        key = self.integration.provider.key
        assert key
        return key

    @property
    def token(self) -> str:
        """The key that works."""
        return self.pasted[self.key.token.name]

    @property
    def paths(self) -> list[str]:
        """What it is asked when a key is tried."""
        return list(self._answers)

    def takes(self, *tokens: str, answers: dict[str, Any] | None = None) -> None:
        """These tokens work from now on, and others no longer; `answers` are what its API says to them."""
        carrier, answers = self.integration.provider.carrier, answers or self._answers
        self._answers = answers
        known = {carrier.prefix(token) + path: answer for token in tokens for path, answer in answers.items()}
        self.simulator.api = known

        def judge(asked: Asked) -> int:
            in_address = bool(carrier.path) and asked.path in known
            sent = asked.headers.get(carrier.header.lower()) if carrier.header else None
            in_header = sent in [carrier.value(token) for token in tokens]
            return 200 if in_address or in_header else min(self.key.refused)

        self.simulator.judge = judge

    def paste(self, client: Client, token: str | None = None, **query: str) -> Sent:
        """Fill in the connect window's form and send it off."""
        answers = self.pasted | ({self.key.token.name: token} if token is not None else {})
        return client.post(f"/connections/connect/{self.slug}", answers, query_params=query)

    def connected(self, client: Client, **query: str) -> Connection:
        """As `paste`, with the key that works; returns the row."""
        answer = self.paste(client, **query)
        assert answer.status_code == 200, answer.text
        found: Connection = Connection.everyone.get(integration_id=self.slug)
        return found
