"""How much each key has fetched of late. Additive."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("staydown_accounts", "0004_keys_have_makers"),
        ("staydown_banks", "0007_more_for_two_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("full_at", models.BigIntegerField(default=0)),
                (
                    "key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="staydown_accounts.apikey",
                    ),
                ),
            ],
        ),
    ]
