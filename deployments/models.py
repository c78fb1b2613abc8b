"""Tools and releases; apps with their keys and bindings; deployments with environment, log and events."""

import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

import deployments.webhook_delivery  # noqa: F401  (where Django looks for models)
from connections.models import Connection, Integration
from connections.vault import VaultField
from tenants.scoped import TenantModel


class Tool(models.Model):
    """A catalogue entry that can be deployed."""

    slug = models.SlugField(max_length=64, primary_key=True)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def active_release(self) -> "Release | None":
        """The release that a new deployment gets."""
        return self.releases.filter(status=Release.Status.ACTIVE).first()


class Release(models.Model):
    """One immutable version of a tool. A published row changes its status, nothing else."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="releases")
    version = models.CharField(max_length=40)
    manifest = models.JSONField(help_text="vendo.yaml as read.")
    template = models.JSONField(default=dict, help_text="The template manifest as read.")
    source_dir = models.CharField(max_length=500, blank=True, help_text="Our own copy of the tool's files.")
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of manifest, template and files.")
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-published_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tool", "version"], name="a_version_is_published_once"),
            models.UniqueConstraint(
                fields=["tool"], condition=models.Q(status="active"), name="one_active_release_per_tool"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool_id} {self.version}"


class App(TenantModel):
    """What holds API keys and bindings: a deployment's, or a project for local work."""

    class Kind(models.TextChoices):
        DEPLOYMENT = "deployment"
        PROJECT = "project"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.PROJECT)
    name = models.CharField(max_length=80)
    allowed_origins = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class ApiKey(TenantModel):
    """A `vendo_sk_…` key. Only its SHA-256 and its first characters are kept."""

    class Scope(models.TextChoices):
        APP = "app"
        CONNECTION = "connection"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=20, choices=Scope, default=Scope.APP)
    app = models.ForeignKey(App, null=True, blank=True, on_delete=models.CASCADE, related_name="keys")
    connection = models.ForeignKey(Connection, null=True, blank=True, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=80)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=12, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        ordering = ("-created_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_key_opens_one_thing",
                condition=models.Q(scope="app", app__isnull=False, connection__isnull=True)
                | models.Q(scope="connection", app__isnull=True, connection__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def expired(self) -> bool:
        """Past its end date."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Binding(TenantModel):
    """This app uses that connection for this integration.

    That app and connection belong to the row's tenant, and the connection to the row's integration, is
    enforced by triggers (guards.py), on every database.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="bindings")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="bindings")
    exclusive = models.BooleanField(default=False, editable=False, help_text="No other app may use the connection.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        db_table = "app_connection_bindings"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "integration"], name="one_binding_per_integration"),
            models.UniqueConstraint(
                fields=["connection"], condition=models.Q(exclusive=True), name="an_exclusive_connection_serves_one_app"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.app_id}: {self.integration_id} → {self.connection_id}"


class Deployment(TenantModel):
    """A running instance of a release, backed by one app."""

    class Status(models.TextChoices):
        DEPLOYING = "deploying"
        RUNNING = "running"
        DEGRADED = "degraded"
        FAILED = "failed"
        SUSPENDED = "suspended"
        DESTROYED = "destroyed"

    class Operation(models.TextChoices):
        DEPLOY = "deploy"
        RESTART = "restart"
        SUSPEND = "suspend"
        RESUME = "resume"
        DESTROY = "destroy"
        UPGRADE = "upgrade"
        ROLLBACK = "rollback"

        @property
        def doing(self) -> str:
            """What a badge says while it is under way."""
            return "Rolling back" if self is type(self).ROLLBACK else f"{self.label.removesuffix('e')}ing"

    class Desired(models.TextChoices):
        RUNNING = "running"
        SUSPENDED = "suspended"
        DESTROYED = "destroyed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.OneToOneField(App, on_delete=models.CASCADE, related_name="deployment")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deployments")
    previous_release = models.ForeignKey(
        Release, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="To roll back to."
    )
    slug = models.SlugField(max_length=64)
    name = models.CharField(max_length=80)
    status = models.CharField(max_length=20, choices=Status, default=Status.DEPLOYING)
    desired_state = models.CharField(max_length=20, choices=Desired, default=Desired.RUNNING)
    operation = models.CharField(
        max_length=20, choices=Operation, blank=True, help_text="What is under way, or failed; empty at rest."
    )
    current_step = models.CharField(max_length=40, blank=True, help_text="The step to run next; empty when done.")
    chosen: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, blank=True, help_text="integration slug → connection id; bound by `write_bindings`."
    )
    failure = models.JSONField(default=dict, blank=True, help_text="step, message, remedy of the step that failed.")
    env_wanted = models.CharField(max_length=64, blank=True)
    env_applied = models.CharField(max_length=64, blank=True)
    applied: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What the process was started with, without values."
    )
    health_failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    health_checked_at = models.DateTimeField(null=True, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True, unique=True)
    url = models.CharField(max_length=255, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # The lease under which one worker runs the pipeline; another takes over when it is not renewed.
    lease = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-created_at",)
        constraints: ClassVar = [
            # A destroyed one stays for the record, and its address is free again.
            models.UniqueConstraint(
                fields=["tenant", "slug"], condition=~models.Q(status="destroyed"), name="one_deployment_per_slug"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def doing(self) -> str:
        """What is under way, in a word; "" at rest and where it failed."""
        at_rest = not self.operation or self.status in {self.Status.FAILED, self.Status.DESTROYED}
        return "" if at_rest else self.Operation(self.operation).doing

    @property
    def reachable(self) -> bool:
        """Whether there is a page of the tool to open."""
        return bool(self.url) and self.status in {self.Status.RUNNING, self.Status.DEGRADED}


class LaunchOnce(TenantModel):
    """A deployment that was asked for under an `Idempotency-Key` (idempotency.py)."""

    key_hash = models.CharField(max_length=64, editable=False)
    body_hash = models.CharField(max_length=64, editable=False)
    deployment = models.ForeignKey(Deployment, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "key_hash"], name="one_launch_per_key")]

    def __str__(self) -> str:
        return f"{self.deployment_id} at {self.created_at:%Y-%m-%d %H:%M}"


class EnvironmentVariable(TenantModel):
    """One variable of a running tool; its value is in the vault whatever its kind."""

    class Kind(models.TextChoices):
        SYSTEM = "system"
        INTEGRATION = "integration"
        USER = "user"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="variables")
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=128)
    value = VaultField(editable=False)
    integration = models.ForeignKey(Integration, null=True, blank=True, on_delete=models.CASCADE, related_name="+")

    class Meta(TenantModel.Meta):
        db_table = "deployment_env_vars"
        ordering = ("name",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["deployment", "name"], name="one_value_per_variable")]

    def __str__(self) -> str:
        return self.name


class Activity(TenantModel):
    """Who did what to a deployment. Rows are added and never changed."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="activities")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(
        max_length=254, blank=True, help_text="As the actor was called then, and stays when the person goes."
    )
    action = models.CharField(max_length=40)
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        ordering = ("-id",)
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M}"


class DeployLog(TenantModel):
    """One line of the pipeline's log: a step that started, went on, finished or failed."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    class Outcome(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        INTERRUPTED = "interrupted"

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="logs")
    operation = models.CharField(
        max_length=20, choices=Deployment.Operation, default=Deployment.Operation.DEPLOY, help_text="Of whose plan."
    )
    step = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level, default=Level.INFO)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.RUNNING)
    message = models.CharField(max_length=1000, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "deploy_logs"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.step}: {self.outcome}"


def new_event_id() -> str:
    """`evt_` and 24 random characters."""
    return f"evt_{secrets.token_hex(12)}"


class Event(TenantModel):
    """The outbox: written in the transaction of the change, pushed after its commit, replayed by id.

    Kinds of contract section 5 carry an app; rows without one, and `deployment.changed`, are for the dashboard's pages.
    """

    sequence = models.BigAutoField(primary_key=True)
    id = models.CharField(max_length=40, unique=True, default=new_event_id, editable=False)
    app = models.ForeignKey(App, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        ordering = ("sequence",)
        indexes: ClassVar = [
            models.Index(fields=["app", "sequence"]),
            models.Index(fields=["tenant", "sequence"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class EventSeat(models.Model):
    """One of the five event streams that an app may have open at once, in whichever process (see event_seats.py)."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="event_seats")
    number = models.PositiveSmallIntegerField()
    holder = models.CharField(max_length=32, blank=True, editable=False)
    until = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["app", "number"], name="a_seat_is_there_once")]

    def __str__(self) -> str:
        return f"{self.app_id}: {self.number}"
