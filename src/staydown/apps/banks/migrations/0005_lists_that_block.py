"""A list whose entries block without a case may take two people. The column stays as it is, both ways."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("staydown_banks", "0004_videos")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("restore", "show again what was taken down, and let its copies pass"),
                    ("export", "write the hashes of a bank to a file"),
                    ("enforce", "have the entries of a list block at once, without a case"),
                ],
                max_length=8,
            ),
        ),
    ]
