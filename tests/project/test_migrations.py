"""The tables are what the models say, and each step can be taken back."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from staydown.apps.audit import guards

pytestmark = pytest.mark.django_db


def test_no_model_was_changed_without_a_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_guards_can_be_taken_off_and_put_on_again():
    with connection.schema_editor() as editor:
        guards.off(None, editor)
        guards.on(None, editor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_guard'")
        assert cursor.fetchone() == (6,)
