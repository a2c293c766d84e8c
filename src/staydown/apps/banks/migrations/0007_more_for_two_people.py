"""More that takes two people. The column stays as it is, both ways."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("staydown_banks", "0006_md5")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("restore", "show again what was taken down, and let its copies pass"),
                    ("export", "let hashes out of a bank"),
                    ("enforce", "have entries block at once, without a case"),
                    ("unblock", "let copies of one entry pass again"),
                    ("erase", "erase the words of a case before their time"),
                    ("unlock", "give a case back that was locked because somebody under 18 may be shown"),
                ],
                max_length=8,
            ),
        ),
    ]
