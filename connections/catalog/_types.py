"""What a provider's data sheet is made of. Frozen dataclasses and plain functions; no Django, no database, no vault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

type Json = Mapping[str, Any]


class Api(Protocol):
    """The provider's API, reached as the connected account; addresses are relative to `Provider.api_url`.

    Calls raise `connections.errors.ProviderError` with a code and nothing of the answer.
    """

    def get(self, path: str, **params: str) -> Json:
        """The JSON object at `path`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver[T]:
    """A safe default given up on purpose: what it is instead, why, who says so, and when that was looked up."""

    value: T
    reason: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A permission asked for, and what it means to the person who grants it."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """A token endpoint's answer, read field by field. `expires_in` is seconds, None where the token does not expire."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None
    extra: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose account was connected: its id at the provider, a name people recognise, and facts worth keeping."""

    id: str
    name: str
    metadata: Json = field(default_factory=dict)
    context: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """An OAuth 2.0 authorization code provider (RFC 6749 section 4.1). `state` is always used and so is not a field."""

    profile: Literal["oauth_app_install", "user_oauth"] = "oauth_app_install"
    authorize_url: str
    token_url: str
    refresh_url: str | None = None
    revoke_url: str | None = None
    # RFC 9207 issuer, compared with `iss` where the provider sends it; None means the origin of `authorize_url`.
    issuer: str | None = None
    scopes: tuple[Scope, ...] = ()
    scope_separator: str = " "
    pkce: Literal["S256"] | Waiver[None] = "S256"
    client_auth: Literal["basic", "post", "none"] = "basic"
    token_body: Literal["form", "json"] = "form"
    authorize_params: Json = field(default_factory=dict)
    token_params: Json = field(default_factory=dict)
    refresh_params: Json = field(default_factory=dict)
    # Where the token object is inside the answer, for providers that nest it.
    token_path: tuple[str, ...] = ()
    expires_unit: Literal["seconds", "milliseconds"] = "seconds"
    # Names of answer fields that `identify` reads.
    keep: tuple[str, ...] = ()

    @property
    def uses_pkce(self) -> bool:
        """Whether a PKCE challenge goes along (RFC 7636)."""
        return self.pkce == "S256"


type Auth = OAuth2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """A variable that a running tool gets, when its value does not expire. `source` names a field of the connection."""

    name: str
    source: Literal["access_token"] = "access_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where a call that comes through our proxy carries the credential: in one header, or in one query parameter."""

    header: str | None = "Authorization"
    # Written before the credential, with a space between; None for the bare credential.
    scheme: str | None = "Bearer"
    # The parameter's name, for a provider that reads no header; then `header` is None.
    query: str | None = None

    def value(self, credential: str) -> str:
        """What the header holds."""
        return f"{self.scheme} {credential}" if self.scheme else credential


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
    api_url: str
    # Sent with every call to the API, beside the credential. A tool's own value goes before these.
    api_headers: Mapping[str, str] = field(default_factory=dict)
    # How tools reach the API through our proxy, below `api_url`. None: they don't.
    proxy: Proxy | None = None
    env: tuple[EnvVar, ...] = ()
    # One live binding per credential (a Telegram bot can't be polled by two programs).
    exclusive: bool = False
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
        return next(iter(self.auth), None)

    @property
    def monogram(self) -> str:
        """Shown on `brand_color` where there is no logo."""
        return self.name[:1].upper()
