"""An MD5 of somebody else's list is an entry. Going back fails while there is one: it would be an entry of no algorithm."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("staydown_banks", "0005_lists_that_block")]

    operations = [
        migrations.RemoveConstraint(model_name="entry", name="entry_algorithm_known"),
        migrations.RemoveConstraint(model_name="entry", name="entry_radius_fits_its_algorithm"),
        migrations.AlterField(
            model_name="entry",
            name="algorithm",
            field=models.CharField(
                choices=[("pdq", "pdq"), ("sha256", "sha256"), ("vpdq", "vpdq"), ("md5", "md5")], max_length=16
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(algorithm__in=["pdq", "sha256", "vpdq", "md5"]), name="entry_algorithm_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(algorithm__in=["pdq", "vpdq"], radius__lte=63)
                | models.Q(algorithm__in=["sha256", "md5"], radius=0),
                name="entry_radius_fits_its_algorithm",
            ),
        ),
    ]
