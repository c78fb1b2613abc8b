"""What can go wrong between us and a provider. Each error carries a code of the contract and a sentence, nothing else.

ConnectionsError
├── ConnectError            the dance failed; `code` as posted to the opener (contract section 7)
│   └── KeyRefused          a pasted key was not taken; says why, field by field
├── IntentRefused           a connect on behalf of something that is not the person's
└── CredentialError         no token to be had; `code` as in contract section 2
    ├── NeedsReauth
    ├── Revoked
    ├── ProfileUnsupported
    └── ProviderError       the provider failed; transient
        ├── ProviderForbids     it knows the credential, and does not allow it the call
        └── ProviderRateLimited

No error holds a body, a header or an address with a query: any of them may contain a secret.
"""

from collections.abc import Mapping
from typing import ClassVar


class ConnectionsError(Exception):
    """Base of everything this floor raises on purpose. `message` is for people and says what to do."""

    code: str = "internal_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConnectError(ConnectionsError):
    """A connect did not come to a connection."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class KeyRefused(ConnectError):
    """A pasted key was not stored. `errors`: field → sentence, under "" what concerns the whole.

    `code` is `key_invalid` (mend the fields), `key_refused` (the provider does not know it), `key_forbidden` (it lacks
    a permission), `account_mismatch`, `connection_in_use`, `rate_limited`, `upstream_error` (try later), or
    `db_insert_failed`.
    """

    def __init__(self, code: str, errors: Mapping[str, str]) -> None:
        super().__init__(code, next(iter(errors.values())))
        self.errors = dict(errors)


class IntentRefused(ConnectionsError):
    """The app, key or draft of a connect is unknown, or somebody else's."""

    code = "intent_refused"


class CredentialError(ConnectionsError):
    """There is no token to hand out."""


class NeedsReauth(CredentialError):
    """The tenant must connect anew."""

    code = "connection_needs_reauth"


class Revoked(CredentialError):
    """The connection was disconnected."""

    code = "connection_revoked"


class ProfileUnsupported(CredentialError):
    """This kind of connection has no token to hand out."""

    code = "profile_unsupported"


class ProviderError(CredentialError):
    """The provider failed, or could not be reached; the same call may work later."""

    code = "upstream_error"
    retry_after: ClassVar[int | None] = None


class ProviderForbids(ProviderError):
    """The provider knows the credential, which may not do what was asked."""


class ProviderRateLimited(ProviderError):
    """The provider wants us to wait `retry_after` seconds."""

    code = "upstream_rate_limited"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after: int = retry_after  # type: ignore[misc]
