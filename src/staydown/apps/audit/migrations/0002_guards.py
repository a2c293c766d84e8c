from django.db import migrations

from staydown.apps.audit import guards


class Migration(migrations.Migration):
    """The database itself refuses changes of the log."""

    dependencies = [("staydown_audit", "0001_first")]

    operations = [migrations.RunPython(guards.on, guards.off)]
