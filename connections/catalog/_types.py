"""What a provider's data sheet is made of. Frozen dataclasses and plain functions; no Django, no database, no vault.

Catalogue files import everything from here; `_ways.py` holds the ways to connect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from connections.catalog._inbound import DeployHook, Webhook
from connections.catalog._ways import (
    ApiKey,
    Ask,
    Auth,
    Brokered,
    InboundSecret,
    Json,
    KeyField,
    OAuth2,
    Revocation,
    Scope,
    Swap,
    Waiver,
)

__all__ = ["Account", "Api", "ApiKey", "Ask", "Auth", "Brokered", "EnvVar", "InBand", "Json", "KeyField", "OAuth2"]
__all__ += ["Place", "Places", "Provider", "Proxy", "Revocation", "Scope", "Swap", "TokenAnswer", "Waiver"]
__all__ += ["DeployHook", "InboundSecret", "Webhook"]


class Api(Protocol):
    """The provider's API, reached as the connected account; addresses are relative to `Provider.account_url`.

    Answers are whatever JSON the provider sends, an object or a list: read them field by field. Calls raise
    `connections.errors.ProviderError` with a code and nothing of the answer; a field that is missing may raise as it
    does in Python (`KeyError`, `TypeError`, …) and reads as "can't be read" to the person.
    """

    def get(self, path: str, **params: str) -> Any:
        """The JSON at `path`."""

    def post(self, path: str, body: Json | None) -> Any:
        """The JSON answered to a JSON object, or to an empty body for None (GraphQL, remote calls)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """A token endpoint's answer, read field by field. `expires_in` is seconds, None where the token does not expire.

    For a pasted key: the key, and in `extra` the other fields.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None
    extra: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose account was connected: its id at the provider, a name people recognise, and facts worth keeping.

    `id` is "" where a provider does not tell whose key it is.
    """

    id: str
    name: str
    metadata: Json = field(default_factory=dict)
    context: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of an account that a connection can be for: a project, a site. `context` is flat and told to tools."""

    id: str
    name: str
    context: Mapping[str, str]
    metadata: Json = field(default_factory=dict)
    # Under the name, where people choose: a region, an address. The id, where nothing is said.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Which part of the account a connection is for. One is taken, of several the person chooses, none is a failure.

    The account's id at storage is `<Account.id>/<Place.id>`, so that two places of one account are two connections.
    """

    # In a question: "Which project?"
    noun: str
    find: Callable[[Api], tuple[Place, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InBand:
    """Failures that the API tells in the answer's body, whatever the status.

    Slack:     InBand(path=("error",), dead=frozenset({"invalid_auth", "token_revoked"}))
    Instagram: InBand(path=("error", "code"), dead=frozenset({"190"}))
    """

    # Where the code is; numbers step into lists. Something there means that the call failed.
    path: tuple[str | int, ...]
    # Codes, as text, by which the provider says that it no longer knows the credential.
    dead: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """A variable that a running tool gets, when its value does not expire.

    `source` is `access_token`, `account_id`, `secrets.<name>` (pasted beside the token, or made here),
    `metadata.<name>` (which asks are too), or `context.<key>`.
    """

    name: str
    source: str = "access_token"

    @property
    def told(self) -> str:
        """Where an app finds the value in what it is told of the connection (contract section 4)."""
        return self.source if self.source == "access_token" else f"credential.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where a call carries the credential: in one header, in one query parameter, or in the path.

    Those of tools that come through our proxy, and our own.
    """

    header: str | None = "Authorization"
    # Written before the credential, with a space between; None for the bare credential.
    scheme: str | None = "Bearer"
    # The parameter's name, for a provider that reads no header; then `header` is None.
    query: str | None = None
    # What goes before every path, with `{}` for the credential; then `header` is None.
    path: str | None = None

    def value(self, credential: str) -> str:
        """What the header holds."""
        return f"{self.scheme} {credential}" if self.scheme else credential

    def headers(self, credential: str) -> dict[str, str]:
        """The header, where there is one."""
        return {self.header: self.value(credential)} if self.header else {}

    def parameters(self, credential: str) -> dict[str, str]:
        """The query parameter, where there is one."""
        return {self.query: credential} if self.query else {}

    def prefix(self, credential: str) -> str:
        """What goes before the path. Quoted, so that a credential can't lead anywhere else."""
        return self.path.format(quote(credential, safe=":")) if self.path else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider: a data sheet with footnotes."""

    slug: str
    name: str
    category: str
    summary: str
    docs_url: str
    brand_color: str
    auth: tuple[Auth, ...]
    # Asked before the dance, or beside a pasted key.
    asks: tuple[Ask, ...] = ()
    # Addresses may hold `{name}` of an ask, this one also a key of the context (`https://{instance_host}`).
    api_url: str
    # Ends of host names (".example.com") that the context may put into the host of `api_url`.
    api_hosts: tuple[str, ...] = ()
    # Where `identify`, `verify` and `places` ask, when that is not `api_url`.
    account_url: str = ""
    places: Places | None = None
    in_band: InBand | None = None
    # Sent with every call to the API, beside the credential. A tool's own value goes before these.
    api_headers: Mapping[str, str] = field(default_factory=dict)
    # How tools reach the API through our proxy, below `api_url`. None: they don't.
    proxy: Proxy | None = None
    env: tuple[EnvVar, ...] = ()
    # Keys of the context that `identify` or `places` find, and what each is, in words.
    context: Mapping[str, str] = field(default_factory=dict)
    # One live binding per credential (a Telegram bot can't be polled by two programs).
    exclusive: bool = False
    # How what the provider sends by itself is verified, and what a release may want done there once its tool runs.
    webhook: Webhook | None = None
    deploy_hooks: tuple[DeployHook, ...] = ()
    # Names the connected account; also how "test connection" knows that the credential works.
    identify: Callable[[Api, TokenAnswer], Account]
    # A call that fails when the credential no longer works.
    verify: Callable[[Api], None]

    @property
    def profiles(self) -> tuple[str, ...]:
        """The contract's names of the ways to connect, the default first."""
        return tuple(kind.profile for kind in self.auth)

    @property
    def oauth(self) -> OAuth2 | None:
        """The OAuth way to connect, if there is one."""
        return next((kind for kind in self.auth if isinstance(kind, OAuth2)), None)

    @property
    def key(self) -> ApiKey | None:
        """The way to connect by pasting a key, if there is one."""
        return next((kind for kind in self.auth if isinstance(kind, ApiKey)), None)

    @property
    def broker(self) -> Brokered | None:
        """The way to connect through Composio, if there is one."""
        return next((kind for kind in self.auth if isinstance(kind, Brokered)), None)

    @property
    def inbound(self) -> InboundSecret | None:
        """The way to connect by pasting a signing secret alone, if there is one."""
        return next((kind for kind in self.auth if isinstance(kind, InboundSecret)), None)

    @property
    def api_is_shared(self) -> bool:
        """Whether the API of every account is at one address."""
        return "{" not in self.api_url

    @property
    def carrier(self) -> Proxy:
        """Where a call of our own carries the credential: as those of tools do."""
        return self.proxy or Proxy()

    @property
    def monogram(self) -> str:
        """Shown on `brand_color` where there is no logo."""
        return self.name[:1].upper()

    @property
    def ink(self) -> str:
        """Black or white: what is read better on `brand_color` (relative luminance of WCAG 2.2)."""
        channels = (int(self.brand_color[place : place + 2], 16) / 255 for place in (1, 3, 5))
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        # Where both have the same contrast: (l + 0.05)² = 1.05 · 0.05.
        return "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "#000000"
