"""Two tables with sealed fields that belong to the vault's tests alone."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from staydown.apps.vault.fields import SealedBytesField, SealedTextField


@pytest.fixture(scope="module")
def tables(django_db_setup, django_db_blocker):
    """`Letter` and `Card`."""
    with isolate_apps("staydown.apps.vault"):

        class Letter(models.Model):
            public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
            words = SealedTextField(null=True)
            other = SealedTextField(null=True)
            data = SealedBytesField(null=True)

            class Meta:
                app_label = "staydown_vault"

        class Card(models.Model):
            public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
            words = SealedTextField(null=True)

            class Meta:
                app_label = "staydown_vault"

        with django_db_blocker.unblock():
            for table in (Letter, Card):
                with connection.schema_editor() as editor:
                    editor.create_model(table)
        yield Letter, Card
        with django_db_blocker.unblock():
            for table in (Letter, Card):
                with connection.schema_editor() as editor:
                    editor.delete_model(table)
