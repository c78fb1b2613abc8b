"""The ways to connect: signing in at the provider (OAuth 2.0) or by way of a broker, or pasting a key.

And what is asked beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver[T]:
    """A safe default given up on purpose: what it is instead, why, who says so, and when that was looked up."""

    value: T
    reason: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A permission asked for, and what it means to the person who grants it ("Read your calendars")."""

    name: str
    meaning: str
    # Other names under which the provider may report it as granted: its own longer spelling, or a scope that includes
    # it. Without them "Grant more" would be offered for ever.
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """How a provider is told that a token is no longer wanted. The defaults are RFC 7009.

    Notion:   Revocation(url=…, body="json")
    GitHub:   Revocation(url="https://api.github.com/applications/{client_id}/grant", method="DELETE", auth="basic",
                         body="json", token_field="access_token", token="access")
    Slack:    Revocation(url="https://slack.com/api/auth.revoke", auth="bearer", body="none", token="access")
    HubSpot:  Revocation(url=".../oauth/v1/refresh-tokens/{token}", method="DELETE", auth="none", body="none")
    Stripe:   Revocation(url=…, auth="secret", token_field="", params={"client_id": "{client_id}",
                         "stripe_user_id": "{account_id}"})
    """

    # May hold `{client_id}`, `{token}` and `{account_id}`, besides what any address may hold.
    url: str
    method: Literal["POST", "DELETE"] = "POST"
    # Who asks. None: our client, as at the token endpoint. `bearer`: the access token itself. `secret`: our client's
    # secret as a bearer.
    auth: Literal["basic", "post", "bearer", "secret", "none"] | None = None
    body: Literal["form", "json", "none"] = "form"
    # The field that holds the token; "" where the body names something else (`params`).
    token_field: str = "token"
    # Which of the two is given up; the other one where that is missing.
    token: Literal["refresh", "access"] = "refresh"
    # Further fields of the body, with the same placeholders as `url`.
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A token for another token, where the provider has its own way and not RFC 6749's refresh.

    Instagram: Swap(url="https://graph.instagram.com/refresh_access_token",
                    params={"grant_type": "ig_refresh_token", "access_token": "{access_token}"})
    """

    url: str
    method: Literal["GET", "POST"] = "GET"
    # The query, or the form of a POST; values may hold `{access_token}`, `{client_id}` and `{client_secret}`.
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """An OAuth 2.0 authorization code provider (RFC 6749 section 4.1). `state` is always used and so is not a field."""

    profile: Literal["oauth_app_install", "user_oauth"] = "oauth_app_install"
    # Where an operator registers our client, and what there is to do besides entering the callback address.
    register_url: str = ""
    register: str = ""
    authorize_url: str
    token_url: str
    refresh_url: str | None = None
    revoke: Revocation | None = None
    # RFC 9207 issuer, compared with `iss` where the provider sends it; None means the origin of `authorize_url`.
    issuer: str | None = None
    scopes: tuple[Scope, ...] = ()
    # Asked for always and not shown as a permission: openid, offline_access.
    fixed_scopes: tuple[str, ...] = ()
    scope_param: str = "scope"
    scope_separator: str = " "
    pkce: Literal["S256"] | Waiver[None] = "S256"
    client_auth: Literal["basic", "post", "none"] = "basic"
    token_body: Literal["form", "json"] = "form"
    authorize_params: Json = field(default_factory=dict)
    token_params: Json = field(default_factory=dict)
    refresh_params: Json = field(default_factory=dict)
    # Where the token object is inside the answer, for providers that nest it; numbers step into lists.
    token_path: tuple[str | int, ...] = ()
    expires_unit: Literal["seconds", "milliseconds"] = "seconds"
    # Seconds that a token lives, where the answer does not say it; None where it does not expire.
    lifetime: int | None = None
    # Seconds before its end at which a token is renewed; contract section 3 wants sixty at least.
    refresh_margin: int = 60
    # Days of disuse after which what renews a connection dies: the refresh token, or the token itself with `renew`.
    # It is renewed after two thirds of them, whether a tool asks or not.
    idle_days: int | None = None
    # The provider's codes for a refresh token that is gone for good; then the person must sign in again.
    dead: frozenset[str] = frozenset({"invalid_grant"})
    # Statuses by which the provider's API says that it does not know a token.
    refused: frozenset[int] = frozenset({401})
    # Names of fields of the token answer, and of the callback's query, that `identify` reads in `TokenAnswer.extra`.
    keep: tuple[str, ...] = ()
    keep_query: tuple[str, ...] = ()
    # Right after the exchange: the short-lived token for a long-lived one.
    lengthen: Swap | None = None
    # In place of a refresh token: the token is renewed with itself while it lives.
    renew: Swap | None = None

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
    # Only beside the token: whether a key works without it.
    required: bool = True

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokered:
    """Signing in by way of Composio, with a client of its own; it keeps the tokens.

    Where a provider has `OAuth2` too, the operator chooses one of both for the integration.
    """

    profile: ClassVar[Literal["composio_managed"]] = "composio_managed"
    # The provider's name there. Actions are named after it: `SHOP_LIST_ORDERS` is one of `shop`.
    toolkit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSecret:
    """A connection that is nothing but the secret with which the provider signs what it sends.

    The person enters our address at the provider (`setup_url`) and pastes the secret that is shown there.
    """

    profile: ClassVar[Literal["webhook_inbound"]] = "webhook_inbound"
    setup_url: str
    how: str
    label: str = "Signing secret"
    # How such a secret begins, shown in the empty field.
    example: str = ""


type Auth = OAuth2 | ApiKey | Brokered | InboundSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something to type in before signing in, or beside a key: a subdomain, a region. Not secret.

    Kept in the connection's metadata under `name`, and filled into `{name}` of addresses. Our client secret goes to
    those addresses, so that a host must end in the provider's own domain, written out: `https://{shop}.example.com`.
    """

    name: str
    label: str
    # The whole value: a regular expression, and the same in words ("letters, digits and hyphens").
    pattern: str
    looks: str
    default: str = ""
    # Written behind the field, and taken off what was typed: ".example.com". Addresses write it out themselves.
    suffix: str = ""
    # How such a thing looks, shown in the empty field.
    example: str = ""
