"""The variables that a running tool gets from a connection, as the provider's data sheet declares them."""

import json
from collections.abc import Mapping

from connections import vault
from connections.models import Connection


def of(connection: Connection) -> dict[str, str]:
    """variable → value. Empty for a token that expires, which would be stale within the hour.

    One that waits for a new sign-in has them still: what mends a running tool is that sign-in, and not a restart
    without the variable. Raises `VaultError` where the secrets do not open.
    """
    declared = connection.integration.provider.env
    if not declared or not connection.live or connection.expires_at is not None or connection.credential is None:
        return {}
    known = _known(connection)
    return {variable.name: known[variable.source] for variable in declared if variable.source in known}


def further_secrets(connection: Connection) -> Mapping[str, str]:
    """name → secret, of those that were pasted beside the token or made here (a webhook's, for instance)."""
    found: Mapping[str, str] = json.loads(vault.reveal(connection, "further_secrets") or "{}")
    return found


def _known(connection: Connection) -> dict[str, str]:
    """source (`EnvVar.source`) → value."""
    known = {"access_token": vault.reveal(connection, "credential") or "", "account_id": connection.account_id}
    known |= {f"secrets.{name}": secret for name, secret in further_secrets(connection).items()}
    facts = [(f"metadata.{name}", fact) for name, fact in connection.metadata.items()]
    facts += [(f"context.{key}", fact) for key, fact in (connection.context or {}).items()]
    return known | {source: str(fact) for source, fact in facts if isinstance(fact, str | int)}
