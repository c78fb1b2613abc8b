"""Activities keep the name of who it was."""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps: Any, schema_editor: Any) -> None:
    """Those that there are get the name that their actor has today."""
    activity, user = apps.get_model("deployments", "Activity"), apps.get_model("tenants", "User")
    name = Subquery(user.objects.filter(pk=OuterRef("actor_id")).values("email")[:1])
    activity.everyone.filter(actor__isnull=False).update(actor_name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0006_webhook_deliveries"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="activity",
            name="actor_name",
            field=models.CharField(
                blank=True, help_text="As the actor was called then, and stays when the person goes.", max_length=254
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
