"""What a connect that came from a draft means: the draft uses the new connection."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from connections import intents, signals
from connections.errors import IntentRefused
from connections.intents import Intent, Purpose
from connections.models import Connection
from tenants.models import Tenant
from wizard import draft as drafts
from wizard.accounts import KIND
from wizard.models import Draft


class DraftMeaning:
    """Intents that name a draft of the tenant."""

    kind = KIND

    def from_query(self, query: Mapping[str, str], tenant: Tenant | None) -> Intent | None:
        """Drafts are named by signed intents only: no address asks for one in words of its own."""
        return None

    def purpose(self, intent: Intent, tenant: Tenant) -> Purpose:
        """The deployment in the making. Refuses a draft that is gone, launched already, or another tenant's."""
        draft = _open_draft(intent, tenant)
        if draft is None:
            raise IntentRefused("This deployment was launched or discarded in the meantime. Start again from Tools.")
        return Purpose(label=f"to deploy {draft.release.tool.name}")


def connect() -> None:
    """Connect the receivers; called once by the app's `ready`."""
    intents.register(DraftMeaning())
    signals.connected.connect(_select, dispatch_uid="wizard.select")


def _select(*, connection: Connection, intent: Intent | None, **kwargs: Any) -> None:
    """Receiver of `connected`: the draft it came from takes the connection."""
    if intent is None or intent.kind != KIND:
        return
    draft = _open_draft(intent, connection.tenant)
    if draft is not None:
        drafts.select(draft, {connection.integration_id: connection})


def _open_draft(intent: Intent, tenant: Tenant) -> Draft | None:
    try:
        identity = UUID(intent.id)
    except ValueError:
        return None
    rows = Draft.objects.of(tenant).select_related("release__tool", "tenant")
    draft: Draft | None = rows.filter(pk=identity, deployment=None).first()
    return draft
