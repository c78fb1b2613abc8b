"""The shapes of what running tools and embedded pages get (contract sections 2 to 4), each key always present."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from deployments.moments import Moment


class Problem(Schema):
    """What went wrong. `message` is for people and says what to do; programs go by `code`."""

    code: str
    message: str
    slug: str | None = Field(None, exclude_if=lambda value: value is None)
    connect_url: str | None = Field(None, exclude_if=lambda value: value is None)
    retry_after: int | None = Field(None, exclude_if=lambda value: value is None)
    suggested_fix: str | None = Field(None, exclude_if=lambda value: value is None)


class Envelope(Schema):
    """Every refusal. `detail` is the message once more, for old clients."""

    error: Problem
    detail: str


class TokenOut(Schema):
    """A token that works now; `expires_at` is null where it does not expire."""

    access_token: str = Field(repr=False)
    expires_at: Moment | None
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  (RFC 6750)


class TokensOut(Schema):
    """A token for each slug that was asked for; null where there is none to be had."""

    tokens: dict[str, TokenOut | None]


class EnvBootstrapVar(Schema):
    """A variable, and which field of the credential is its value."""

    name: str
    value_from: str


class EnvBootstrap(Schema):
    """Which variables hold the credential, and what must be started anew when it changes."""

    vars: list[EnvBootstrapVar]
    restart: Literal["gateway", "none"]


class ConnectionEntry(Schema):
    """An integration as an app sees it: with the account it uses, or with where to connect one."""

    id: UUID | None
    external_id: str | None
    slug: str
    display_name: str
    category: str
    profile: str
    status: Literal["connected", "available", "needs_reauth", "error"]
    credential: Mapping[str, str] | None = Field(repr=False)
    api_key: str | None = Field(repr=False)
    base_url: str | None
    metadata: dict[str, Any] = Field(repr=False)
    context: dict[str, Any] | None
    setup_url: str | None
    error_message: str | None
    connected_at: Moment | None
    env_bootstrap: EnvBootstrap | None
    exclusive: bool
    logo_url: str
    brand_color: str
    docs_url: str


class ConnectionEntries(Schema):
    """One entry for each integration that the app may use."""

    connections: list[ConnectionEntry]


class IntegrationOut(Schema):
    """A provider that can be connected. `provider` is `slug` once more."""

    slug: str
    provider: str
    name: str
    description: str
    category: str
    logo_url: str
    icon_name: str
    brand_color: str
    docs_url: str
    supported_profiles: list[str]
    default_profile: str
    enabled: bool
    featured: bool
    env_bootstrap: EnvBootstrap | None


class IntegrationsOut(Schema):
    """All of them, by name."""

    integrations: list[IntegrationOut]
