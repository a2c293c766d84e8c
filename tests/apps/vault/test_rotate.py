"""Rotation of the keyring: nothing is lost, nothing stays behind, whenever it is broken off."""

from __future__ import annotations

import os

import pytest
from django.db import connection

from staydown.apps.vault import actions, keyring
from staydown.core.sealing import Keyring
from staydown.errors import KeyringError

pytestmark = pytest.mark.django_db
CANARY = "canary words of one person"


@pytest.fixture
def ring(settings, tmp_path):
    """A keyring file of this test's own."""
    settings.STAYDOWN_KEYRING_FILE = tmp_path / "keyring"
    keyring.keep(Keyring.new(), settings.STAYDOWN_KEYRING_FILE)
    return settings.STAYDOWN_KEYRING_FILE


@pytest.fixture
def letters(tables, monkeypatch):
    """The table of letters, as the only one with seals."""
    fields = actions.sealed_fields(tables[0])
    monkeypatch.setattr(actions, "models_with_seals", lambda: [(tables[0], fields)])
    return tables[0]


def test_every_value_moves_to_a_fresh_key_and_still_opens(ring, letters, monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 3)
    for number in range(10):
        letters.objects.create(words=f"{CANARY} {number}", data=bytes([number]))
    before, seen = keyring.current(), []
    done = actions.rotate(lambda at, whole: seen.append((at, whole)))
    assert done.values == 20
    assert done.fresh
    assert done.key_id == keyring.current().primary != before.primary
    assert before.key_ids == keyring.current().key_ids[:-1]
    assert seen[-1] == (20, 20)
    assert [letter.words for letter in letters.objects.order_by("pk")] == [f"{CANARY} {n}" for n in range(10)]
    assert actions.stale(keyring.current()) == 0


def test_secrets_that_others_derive_from_stay(ring, letters):
    before = keyring.current().secret("audit")
    actions.rotate()
    assert keyring.current().secret("audit") == before


def test_one_that_was_broken_off_is_taken_up_again(ring, letters, monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 2)
    for number in range(8):
        letters.objects.create(words=f"{CANARY} {number}")

    def stop(at, whole):
        if at >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        actions.rotate(stop)
    middle = keyring.current().primary
    assert actions.stale(keyring.current()) == 4
    done = actions.rotate()
    assert (done.values, done.key_id, done.fresh) == (4, middle, False)
    assert actions.stale(keyring.current()) == 0


def test_a_value_written_meanwhile_wins(ring, letters, monkeypatch):
    letter = letters.objects.create(words="old")
    batches = actions._batches

    def slow(model):
        for rows in batches(model):
            found = letters.objects.get(pk=letter.pk)  # someone saves between our reading and our writing
            found.words = "new"
            found.save()
            yield rows

    keyring.keep(keyring.current().rotate(os.urandom), ring)
    monkeypatch.setattr(actions, "_batches", slow)
    actions.reseal(keyring.current())
    assert letters.objects.get(pk=letter.pk).words == "new"


def test_with_nothing_sealed_it_makes_a_fresh_key(ring, letters):
    assert actions.rotate().values == 0
    assert len(keyring.current().key_ids) == 2


def test_another_process_reads_the_new_keyring_at_its_next_value(ring, letters):
    old = keyring.current()
    ring.write_text(old.rotate(os.urandom).to_text())
    assert keyring.current().primary != old.primary


@pytest.mark.parametrize("spoil", [lambda f: f.unlink(), lambda f: f.write_text("x"), lambda f: f.write_bytes(b"\xff")])
def test_a_missing_or_damaged_keyring_is_a_named_error(ring, spoil):
    keyring.current()
    spoil(ring)
    with pytest.raises(KeyringError):
        keyring.current()


def test_the_file_is_its_owners_alone_and_whole_or_not_there(ring, monkeypatch):
    assert ring.stat().st_mode & 0o777 == 0o600
    text = ring.read_text()

    def full(fd):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        keyring.keep(Keyring.new(), ring)
    assert ring.read_text() == text
    assert [each.name for each in ring.parent.iterdir()] == ["keyring"]


@pytest.mark.sqlite
def test_no_plaintext_is_in_the_database(ring, letters):
    letters.objects.create(words=CANARY, data=CANARY.encode())
    whole = connection.connection.serialize()
    assert CANARY.encode() not in whole
    with connection.cursor() as cursor:  # and the search would find it
        cursor.execute("CREATE TABLE plain AS SELECT %s AS words", [CANARY])
    assert CANARY.encode() in connection.connection.serialize()
