"""What a case was like before it was locked. Cases that were locked before this have no such row, and stay locked."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("staydown_cases", "0012_saved_views")]

    operations = [
        migrations.CreateModel(
            name="Lock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("at", models.DateTimeField()),
                ("items", models.JSONField(default=dict)),
                ("clocks", models.JSONField(default=list)),
                ("actions", models.JSONField(default=list)),
                ("laws", models.JSONField(default=list)),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="locks", to="staydown_cases.case"
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.AddConstraint(
            model_name="lock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at__isnull", True)), fields=("case",), name="lock_once_a_case"
            ),
        ),
    ]
