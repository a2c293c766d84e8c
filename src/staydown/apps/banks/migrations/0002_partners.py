import django.db.models.deletion
import staydown.apps.vault.fields
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('staydown_accounts', '0001_first'),
        ('staydown_banks', '0001_first_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Feedback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('opinion', models.CharField(choices=[('reviewing', 'being looked at'), ('confirmed', 'confirmed: it was blocked there'), ('disputed', 'disputed: it was not blocked there')], max_length=12)),
                ('at', models.DateTimeField()),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Follower',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('cursor', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('text', staydown.apps.vault.fields.SealedTextField()),
            ],
        ),
        migrations.AddField(
            model_name='feedline',
            name='delete_by',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['changed_at', 'id'], name='entry_by_change'),
        ),
        migrations.AddField(
            model_name='feedback',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='feedback', to='staydown_banks.entry'),
        ),
        migrations.AddField(
            model_name='feedback',
            name='key',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='staydown_accounts.apikey'),
        ),
        migrations.AddField(
            model_name='follower',
            name='key',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='staydown_accounts.apikey'),
        ),
        migrations.AddField(
            model_name='label',
            name='entry',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='label', to='staydown_banks.entry'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.UniqueConstraint(fields=('entry', 'key'), name='feedback_once_for_each_key'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.CheckConstraint(condition=models.Q(('opinion__in', ['reviewing', 'confirmed', 'disputed'])), name='feedback_opinion_known'),
        ),
    ]
