"""What can go wrong, as classes.

    VendoError
    ├── NotConnected          nothing usable is bound: send the person to `connect_url`
    ├── NeedsReauth           the tenant must connect again: send the person to `connect_url`
    ├── AuthError             the app key is unknown, revoked or expired
    ├── RateLimited           too many requests, ours or the provider's: wait `retry_after` seconds
    ├── BalanceExhausted      the tenant has no balance left
    ├── SpendCapExceeded      the tenant's own spending limit is reached
    ├── UpstreamError         the provider or the dashboard failed or can't be reached: later it may work
    ├── ValidationError       the question itself is wrong: a slug, a setting, an address
    ├── IdempotencyConflict   the same idempotency key came with another body
    ├── VendoOnlyFeature      this needs a dashboard, and there is no VENDO_API_KEY
    └── IdentityNotPresent    this needs the identity of a user, and the request carries none

None of them ever holds a key, a token, a header or the body of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

__all__ = [
    "CLASS_BY_CODE",
    "AuthError",
    "BalanceExhausted",
    "IdempotencyConflict",
    "IdentityNotPresent",
    "NeedsReauth",
    "NotConnected",
    "RateLimited",
    "SpendCapExceeded",
    "UpstreamError",
    "ValidationError",
    "VendoError",
    "VendoOnlyFeature",
]


class VendoError(Exception):
    """Base of all errors of this package.

    `message`        a sentence for people, which is also `str(error)`
    `code`           the server's error code, or one of ours where no server was involved
    `status`         the HTTP status, None where no server answered
    `slug`           the provider it is about, if any
    `connect_url`    where the tenant connects or reconnects; safe to show, it holds no key
    `retry_after`    whole seconds to wait, if the server named them
    `suggested_fix`  what the developer of the tool can do about it, if known
    """

    default_code: ClassVar[str] = "vendo_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        slug: str | None = None,
        connect_url: str | None = None,
        retry_after: int | None = None,
        suggested_fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.status = status
        self.slug = slug
        self.connect_url = connect_url
        self.retry_after = retry_after
        self.suggested_fix = suggested_fix


class NotConnected(VendoError):
    default_code = "binding_missing"


class NeedsReauth(VendoError):
    default_code = "connection_needs_reauth"


class AuthError(VendoError):
    default_code = "app_unknown"


class RateLimited(VendoError):
    default_code = "rate_limited"


class BalanceExhausted(VendoError):
    default_code = "balance_exhausted"


class SpendCapExceeded(VendoError):
    default_code = "spend_cap_exceeded"


class UpstreamError(VendoError):
    default_code = "upstream_error"


class ValidationError(VendoError):
    default_code = "validation_failed"


class IdempotencyConflict(VendoError):
    default_code = "idempotency_conflict"


class VendoOnlyFeature(VendoError):
    default_code = "vendo_only_feature"


class IdentityNotPresent(VendoError):
    default_code = "identity_not_present"


CLASS_BY_CODE: Mapping[str, type[VendoError]] = MappingProxyType(
    {
        "app_unknown": AuthError,
        "app_revoked": AuthError,
        "app_expired": AuthError,
        "unauthorized": AuthError,
        "binding_missing": NotConnected,
        "connection_revoked": NotConnected,
        "connection_needs_reauth": NeedsReauth,
        "provider_unknown": ValidationError,
        "validation_failed": ValidationError,
        # A 500 on the wire, but no waiting mends it: the tool asks for what this profile can't give.
        "profile_unsupported": ValidationError,
        "not_found": ValidationError,
        "method_not_allowed": ValidationError,
        "upstream_error": UpstreamError,
        "internal_error": UpstreamError,
        "upstream_rate_limited": RateLimited,
        "rate_limited": RateLimited,
        "rate_limit_sse_streams": RateLimited,
        "idempotency_conflict": IdempotencyConflict,
        "balance_exhausted": BalanceExhausted,
        "spend_cap_exceeded": SpendCapExceeded,
        "vendo_only_feature": VendoOnlyFeature,
        "identity_not_present": IdentityNotPresent,
    }
)
"""Every code of the wire contract, and the class that says what a caller can do about it."""


def class_for(code: str | None, status: int) -> type[VendoError]:
    """The class of an error answer; a code this version does not know is judged by its status."""
    known = CLASS_BY_CODE.get(code) if code else None
    if known:
        return known
    by_status = {401: AuthError, 402: BalanceExhausted, 403: AuthError, 429: RateLimited}
    if status in by_status:
        return by_status[status]
    return ValidationError if 400 <= status < 500 else UpstreamError
