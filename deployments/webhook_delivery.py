"""The table of webhooks; in a file of its own, and one of `deployments.models` all the same."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from connections.models import Connection
from connections.vault import VaultField
from tenants.scoped import TenantModel


class WebhookDelivery(TenantModel):
    """What a provider sent to one deployment (deliveries.py). Sent again under the same `event_id`, it is the same row.

    Without a deployment nothing was bound yet. What came is kept for a while, encrypted, to be sent once more.
    """

    class Status(models.TextChoices):
        FORWARDING = "forwarding", "On its way"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        WAITING = "waiting", "Nothing to receive it"
        REFUSED = "refused", "Not genuine"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="deliveries")
    deployment = models.ForeignKey(
        "deployments.Deployment", null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    event_id = models.CharField(max_length=200, blank=True, help_text="The provider's own.")
    status = models.CharField(max_length=20, choices=Status)
    answered = models.PositiveSmallIntegerField(null=True, help_text="The deployment's HTTP status.")
    detail = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(help_text="Bytes of the body.")
    duration_ms = models.PositiveIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text="How often it was forwarded.")
    repeats = models.PositiveIntegerField(default=0, help_text="How often it came again once it was delivered.")
    received_at = models.DateTimeField(default=timezone.now)
    attempted_at = models.DateTimeField(default=timezone.now, help_text="When it last came, or was last forwarded.")
    message = VaultField(null=True, editable=False, help_text="Headers and body as they came; forgotten after a while.")

    class Meta(TenantModel.Meta):
        db_table = "webhook_deliveries"
        verbose_name_plural = "webhook deliveries"
        ordering = ("-received_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["connection", "-received_at"]),
            models.Index(fields=["deployment", "-received_at"]),
            models.Index(fields=["received_at"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "deployment", "event_id"],
                condition=~models.Q(event_id=""),
                name="a_message_reaches_a_deployment_as_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} at {self.received_at:%Y-%m-%d %H:%M}: {self.status}"
