"""What a provider's data sheet is made of. Frozen dataclasses and plain functions; no Django, no database, no vault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol
from urllib.parse import quote

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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyField:
    """One thing that a person pastes. What is not secret is kept in the connection's metadata, under `name`."""

    name: str = "api_key"
    label: str = "API key"
    secret: bool = True
    # How such a thing begins, shown in the empty field.
    example: str = ""

    @property
    def noun(self) -> str:
        """The label inside a sentence: `API key`, `bot token`."""
        return self.label if self.label[1:2].isupper() else self.label[:1].lower() + self.label[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A credential that a person makes at the provider and pastes here. `identify` tries it before it is stored.

    The first field is the token that tools get; `made` names secrets that are made up here beside it.
    """

    profile: ClassVar[Literal["byok_static"]] = "byok_static"
    # Where such keys are made, and a sentence that takes a person there: "Open …, create …, and copy it."
    keys_url: str
    how: str
    fields: tuple[KeyField, ...] = (KeyField(),)
    # What a key looks like, for those who pasted something else: a regular expression, and the same in words
    # ("begins with sk-"). The provider decides; this only says more about a key that it refused.
    pattern: str = ""
    looks: str = ""
    # What a key must be allowed to do so that it can be tried, for those that are limited: "list models".
    needs: str = ""
    # Statuses by which the provider says that it does not know a key.
    refused: frozenset[int] = frozenset({401})
    made: tuple[str, ...] = ()

    @property
    def token(self) -> KeyField:
        """The field whose value tools get as their token."""
        return self.fields[0]


type Auth = OAuth2 | ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """A variable that a running tool gets, when its value does not expire.

    `source` is `access_token`, `account_id`, `secrets.<name>` (pasted beside the token, or made here), or
    `metadata.<name>`.
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
        return next((kind for kind in self.auth if isinstance(kind, OAuth2)), None)

    @property
    def key(self) -> ApiKey | None:
        """The way to connect by pasting a key, if there is one."""
        return next((kind for kind in self.auth if isinstance(kind, ApiKey)), None)

    @property
    def carrier(self) -> Proxy:
        """Where a call of our own carries the credential: as those of tools do."""
        return self.proxy or Proxy()

    @property
    def monogram(self) -> str:
        """Shown on `brand_color` where there is no logo."""
        return self.name[:1].upper()
