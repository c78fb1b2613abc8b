"""A deployment in the making."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from connections.vault import VaultField
from deployments.models import Deployment, Release
from tenants.scoped import TenantModel


class Draft(TenantModel):
    """What somebody has filled in so far. It survives a closed tab, and stays until it is launched or discarded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="+")
    deployment = models.OneToOneField(Deployment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # JSON object input key → value. In the vault because inputs of type password are among them.
    inputs = VaultField(null=True, editable=False)
    # slug → connection id, or null for "go on without"
    selected: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    name = models.CharField(max_length=80, blank=True)
    slug = models.CharField(max_length=64, blank=True)
    # Phases that somebody went through with Continue, and those that were left with Skip.
    passed: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    skipped: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    # field → {"tab", "by", "at"}: which open page wrote it last.
    stamps: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    # JSON object field → [{"value", "tab", "by", "at"}, …]: what other pages wrote there in the meantime.
    disputed = VaultField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(TenantModel.Meta):
        ordering = ("-updated_at",)

    def __str__(self) -> str:
        return f"{self.release} by {self.user}"
