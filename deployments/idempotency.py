"""A launch that is asked for twice under one `Idempotency-Key` happens once (contract section 8).

Clients repeat a request whose answer they did not hear. Kept for a day: hashes of key and body, with the site's secret
in them, since a body may hold what somebody typed into a password field; and which deployment came of it.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from deployments.models import Deployment, LaunchOnce
from tenants.models import Tenant

KEPT = timedelta(hours=24)


class Conflict(Exception):
    """The key was used with another body."""


def once(tenant: Tenant, key: str, body: Mapping[str, Any], launch: Callable[[], Deployment]) -> Deployment:
    """What `launch` returns, or the deployment that it returned before for this tenant, key and body.

    Of two who come at once, the second waits at the row for the first. A launch that raises leaves no trace, so that
    it can be asked for again. Raises `Conflict`.
    """
    digest = _digest(json.dumps(body, sort_keys=True))
    with transaction.atomic():
        LaunchOnce.objects.of(tenant).filter(created_at__lt=timezone.now() - KEPT).delete()
        row, new = LaunchOnce.everyone.get_or_create(
            tenant=tenant, key_hash=_digest(key), defaults={"body_hash": digest}
        )
        if new:
            row.deployment = launch()
            row.save(update_fields=["deployment"])
    if row.body_hash != digest:
        raise Conflict
    deployment: Deployment = row.deployment
    return deployment


def _digest(text: str) -> str:
    return salted_hmac("deployments.idempotency", text, algorithm="sha256").hexdigest()
