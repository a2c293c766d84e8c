"""Sealed fields, tried on the tables that have them."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection, models, transaction
from django.test.utils import isolate_apps

from staydown.apps.vault import keyring
from staydown.apps.vault.fields import Sealed, SealedTextField
from staydown.errors import SealError

pytestmark = pytest.mark.django_db
CANARY = "canary words of one person"


def column(row: models.Model, name: str = "words") -> bytes | None:
    """What the database holds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        found = cursor.fetchone()[0]
    return None if found is None else bytes(found)


def put(row: models.Model, value: bytes, name: str = "words") -> None:
    """Write into the database what someone with SQL might."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {name} = %s WHERE id = %s", [value, row.pk])


@pytest.mark.parametrize("words", [CANARY, "", "żółć 💧", "x" * 100_000])
def test_what_was_written_is_read_and_the_column_says_nothing(tables, words):
    letter = tables[0].objects.create(words=words, data=b"\x00\xff")
    found = tables[0].objects.get(pk=letter.pk)
    assert (found.words, found.data, found.other) == (words, b"\x00\xff", None)
    assert column(letter, "other") is None
    if words:
        assert words.encode() not in column(letter)


def test_two_equal_values_look_different(tables):
    first, second = (tables[0].objects.create(words=CANARY) for _ in range(2))
    assert column(first) != column(second)


def test_a_value_moved_to_another_row_column_or_table_does_not_open(tables):
    letters, cards = tables
    letter = letters.objects.create(words=CANARY, other="else")
    stolen = column(letter)
    elsewhere = letters.objects.create(words="mine"), cards.objects.create(words="mine")
    for row in elsewhere:
        put(row, stolen)
        with pytest.raises(SealError):
            type(row).objects.get(pk=row.pk).words  # noqa: B018
    put(letter, stolen, "other")
    with pytest.raises(SealError):
        letters.objects.get(pk=letter.pk).other  # noqa: B018
    assert letters.objects.get(pk=letter.pk).words == CANARY


def test_a_value_given_to_a_row_of_another_public_id_does_not_open(tables):
    letter = tables[0].objects.create(words=CANARY)
    tables[0].objects.filter(pk=letter.pk).update(public_id=uuid.uuid4())
    with pytest.raises(SealError):
        tables[0].objects.get(pk=letter.pk).words  # noqa: B018


@pytest.mark.parametrize("at", [0, 1, 6, 20, -1])
def test_one_changed_bit_is_found(tables, at):
    letter = tables[0].objects.create(words=CANARY)
    value = bytearray(column(letter))
    value[at] ^= 1
    put(letter, bytes(value))
    with pytest.raises(SealError) as error:
        tables[0].objects.get(pk=letter.pk).words  # noqa: B018
    assert CANARY not in str(error.value)


def test_an_untouched_value_is_saved_as_it_was_and_a_changed_one_is_sealed_anew(tables):
    letter = tables[0].objects.create(words=CANARY, other="a")
    words, other = column(letter), column(letter, "other")
    found = tables[0].objects.get(pk=letter.pk)
    found.other = "b"
    found.save()
    assert column(letter) == words
    assert column(letter, "other") != other
    assert tables[0].objects.get(pk=letter.pk).other == "b"
    found.words = None
    found.save(update_fields=["words"])
    assert column(letter) is None


def test_bulk_create_deferred_and_refreshed_rows_work(tables):
    tables[0].objects.bulk_create([tables[0](words=f"{CANARY} {number}") for number in range(3)])
    found = tables[0].objects.defer("words").order_by("pk")
    assert [letter.words for letter in found] == [f"{CANARY} {number}" for number in range(3)]
    letter = found[0]
    letter.words = "unsaved"
    letter.refresh_from_db()
    assert letter.words == f"{CANARY} 0"


def test_it_is_never_searched_updated_in_bulk_or_dumped(tables):
    letters = tables[0].objects
    letter = letters.create(words=CANARY)
    for forbidden in (
        lambda: letters.filter(words=CANARY).exists(),
        lambda: letters.filter(words__contains="canary").exists(),
        lambda: letters.filter(words__in=[CANARY]).exists(),
        lambda: letters.update(words="other"),
        lambda: letter._meta.get_field("words").value_to_string(letter),
    ):
        with pytest.raises(SealError), transaction.atomic():
            forbidden()
    assert letters.filter(words__isnull=False).count() == 1
    assert letters.filter(words=None).count() == 0


def test_another_type_is_refused(tables):
    for wrong in ({"words": b"bytes"}, {"words": 7}, {"data": "text"}):
        with pytest.raises(TypeError):
            tables[0].objects.create(**wrong)


def test_values_and_repr_show_nothing(tables):
    letter = tables[0].objects.create(words=CANARY)
    (value,) = tables[0].objects.values_list("words", flat=True)
    assert isinstance(value, Sealed)
    assert CANARY not in repr(value) + repr(letter)


def test_a_model_without_public_id_or_with_an_index_is_found_by_the_checks():
    with isolate_apps("staydown.apps.vault"):

        class Loose(models.Model):
            words = SealedTextField(db_index=True)

            class Meta:
                app_label = "staydown_vault"

        found = {each.id for each in Loose._meta.get_field("words").check()}
    assert {"staydown.E001", "staydown.E002"} <= found


def test_the_key_used_is_the_primary_one(tables):
    letter = tables[0].objects.create(words=CANARY)
    keys = keyring.current()
    assert keys.key_id_of(column(letter)) == keys.primary
