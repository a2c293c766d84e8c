"""Entries: what each action does to the row, the feed and the log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from staydown.apps.audit import actions as audit
from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions, feed_key
from staydown.apps.banks.models import Bank, Entry, FeedLine
from staydown.apps.banks.querysets import feed_page
from staydown.core import bank as rules
from staydown.core import feed
from staydown.core.feed import OpaqueLine, RemoveLine
from staydown.core.hashing.algorithm import Algorithm
from staydown.errors import HashError, InvalidError, StateError
from tests.factories import film, pdq, sha256

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(system):
    return actions.open_bank("house", by=system)


@pytest.fixture
def entry(house, system):
    return actions.add_entry(house, pdq(1), quality=80, source="report", by=system)


def verbs(thing):
    return [line.verb for line in history(thing)]


def test_a_bank_is_opened_once(house, system):
    assert actions.open_bank("house", by=system) == house
    assert verbs(house) == ["bank.opened"]


@pytest.mark.parametrize("name", ["", "House", "a b", "-house", "x" * 65, "haus\n"])
def test_a_bank_has_a_plain_name(name, system):
    with pytest.raises(InvalidError, match="name"):
        actions.open_bank(name, by=system)


def test_a_new_entry_is_pending_and_the_feed_says_review(entry):
    assert (entry.state, entry.action, entry.radius) == ("pending", "block", 31)
    line = FeedLine.objects.get()
    assert (line.seq, line.op, line.action, line.entry) == (1, "add", "review", entry)
    assert verbs(entry) == ["entry.added"]


def test_a_digest_has_no_radius(house, system):
    assert actions.add_entry(house, sha256(1), source="report", by=system).radius == 0


def test_an_equal_hash_is_the_same_entry(house, entry, system):
    assert actions.add_entry(house, pdq(1), source="report", by=system) == entry
    assert FeedLine.objects.count() == 1


def test_the_same_hash_in_another_bank_is_another_entry(entry, system):
    other = actions.open_bank("other", by=system)
    assert actions.add_entry(other, pdq(1), source="report", by=system) != entry


def test_an_entry_that_is_imported_too_says_so(house, entry, system):
    again = actions.add_entry(house, pdq(1), source="import", by=system)
    assert again.source == "import"
    assert actions.add_entry(house, pdq(1), source="report", by=system).source == "import"
    assert verbs(entry) == ["entry.added", "entry.kept"]


def test_a_featureless_picture_is_no_entry(house, system):
    with pytest.raises(InvalidError, match="quality"):
        actions.add_entry(house, pdq(1), quality=49, source="report", by=system)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("source", ["", "Amara Nwosu", "import:a b"])
def test_a_source_holds_no_free_text(house, system, source):
    with pytest.raises(InvalidError, match="source"):
        actions.add_entry(house, pdq(1), source=source, by=system)


def test_enforcing_tells_the_feed_to_block(entry, system):
    actions.enforce(entry, by=system)
    assert Entry.objects.get().state == "enforced"
    assert list(FeedLine.objects.values_list("seq", "action")) == [(1, "review"), (2, "block")]
    assert verbs(entry) == ["entry.added", "entry.enforced"]


def test_enforcing_twice_is_once(entry, system):
    actions.enforce(actions.enforce(entry, by=system), by=system)
    assert FeedLine.objects.count() == 2


def test_an_entry_that_only_wants_review_never_blocks(house, system):
    entry = actions.add_entry(house, pdq(2), action=rules.Action.REVIEW, source="import", by=system)
    actions.enforce(entry, by=system)
    assert set(FeedLine.objects.values_list("action", flat=True)) == {"review"}


@pytest.mark.parametrize(("end", "state"), [(actions.withdraw, "withdrawn"), (actions.reverse, "reversed")])
def test_ending_erases_the_hash_and_its_salts(entry, system, end, state):
    actions.enforce(entry, by=system)
    end(entry, by=system)
    ended = Entry.objects.get()
    assert (ended.state, ended.value, ended.fingerprint) == (state, None, None)
    assert FeedLine.objects.filter(salt__isnull=False).count() == 0
    assert FeedLine.objects.order_by("seq").last().op == "remove"
    assert verbs(entry)[-1] == f"entry.{state}"
    with pytest.raises(HashError):
        _ = ended.hash


def test_ending_twice_is_once(entry, system):
    actions.withdraw(entry, by=system)
    actions.withdraw(entry, by=system)
    assert FeedLine.objects.count() == 2


def test_nothing_comes_back_from_an_end(entry, system):
    actions.withdraw(entry, by=system)
    for change in (actions.enforce, actions.reverse):
        with pytest.raises(StateError):
            change(entry, by=system)
    assert FeedLine.objects.count() == 2


def test_the_hash_can_be_reported_again_after_its_end(house, entry, system):
    actions.withdraw(entry, by=system)
    assert actions.add_entry(house, pdq(1), source="report", by=system) != entry


def test_lapsed_entries_expire(house, entry, system):
    lapsing = actions.add_entry(house, pdq(2), source="import", by=system, lapses_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert actions.expire_lapsed(by=system) == 1
    assert actions.expire_lapsed(by=system) == 0
    lapsing.refresh_from_db()
    entry.refresh_from_db()
    assert (lapsing.state, lapsing.value, entry.state) == ("expired", None, "pending")


def test_a_change_that_fails_leaves_no_line(house, system, monkeypatch):
    monkeypatch.setattr("staydown.apps.audit.actions.record_all", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        actions.add_entry(house, pdq(1), source="report", by=system)
    assert not FeedLine.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"state": "gone"},
        {"action": "delete"},
        {"algorithm": "sha1"},
        {"radius": 64},
        {"state": "withdrawn"},  # still holds its hash
        {"value": None},
        {"fingerprint": None},
    ],
)
def test_the_database_refuses_what_the_rules_forbid(entry, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).update(**change)


def test_the_database_refuses_a_second_live_entry_of_a_hash(entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(
            bank=entry.bank,
            algorithm="pdq",
            value=b"x" * 32,
            fingerprint=bytes(entry.fingerprint),
            radius=31,
            action="block",
            source="report",
            added_at=entry.added_at,
            changed_at=entry.changed_at,
        )


def test_nothing_shows_a_hash(entry):
    said = f"{entry!r} {entry} {FeedLine.objects.get()!r} {Bank.objects.get()!r} {entry.hash!r}"
    assert pdq(1).hex()[:8] not in said


# Many at once ----------------------------------------------------------------------------------------------------


def queries_of(count, house, system, start=0):
    """How many queries it takes to add this many entries, half of them digests."""
    hashes = [(make(seed), 80) for seed in range(start, start + count // 2) for make in (pdq, sha256)]
    with CaptureQueriesContext(connection) as asked:
        assert len(actions.add_entries(house, hashes, source="report", by=system)) == count
    return len(asked)


def test_many_entries_take_few_queries(house, system):
    few, many = queries_of(2, house, system), queries_of(400, house, system, start=1000)
    assert few < 15
    assert many < 40  # each insert is split into statements that the database takes
    assert Entry.objects.count() == FeedLine.objects.count() == 402
    audit.verify()


def test_many_at_once_are_what_one_after_another_would_be(house, system):
    hashes = [(pdq(1), 80), (sha256(1), None), (pdq(2), 50)]
    entries = actions.add_entries(house, hashes, source="report", by=system)
    assert [entry.hash for entry in entries] == [each for each, _ in hashes]
    assert [(entry.state, entry.radius, entry.quality) for entry in entries] == [
        ("pending", 31, 80),
        ("pending", 0, None),
        ("pending", 31, 50),
    ]
    assert list(FeedLine.objects.values_list("seq", "op", "action", "entry")) == [
        (seq, "add", "review", entry.pk) for seq, entry in enumerate(entries, start=1)
    ]
    assert [verbs(entry) for entry in entries] == [["entry.added"]] * 3
    assert feed_page(0, 10).lines[1].entry.hash == sha256(1)
    again = Entry.objects.get(pk=entries[2].pk)
    assert again.hash == pdq(2)


def test_a_hash_that_is_there_or_given_twice_is_one_entry(house, entry, system):
    hashes = [(pdq(2), 80), (pdq(1), 80), (pdq(2), 90)]
    first, known, twice = actions.add_entries(house, hashes, source="import:list", by=system)
    assert known == entry
    assert first is twice
    assert Entry.objects.count() == FeedLine.objects.count() == 2
    assert Entry.objects.get(pk=entry.pk).source == "import:list"
    assert verbs(entry) == ["entry.added", "entry.kept"]


def test_one_that_is_refused_refuses_all(house, system):
    with pytest.raises(InvalidError, match="quality"):
        actions.add_entries(house, [(pdq(1), 80), (pdq(2), 49)], source="report", by=system)
    assert not Entry.objects.exists()
    assert actions.add_entries(house, [], source="report", by=system) == []


def test_many_are_enforced_at_once(house, entry, system):
    actions.enforce(entry, by=system)
    entries = [entry, *actions.add_entries(house, [(pdq(n), 80) for n in range(2, 60)], source="report", by=system)]
    with CaptureQueriesContext(connection) as asked:
        enforced = actions.enforce_all(entries, by=system, reason="reviewed by the partner")
    assert len(asked) < 15
    assert [each.pk for each in enforced] == [each.pk for each in entries]
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}
    assert verbs(entry) == ["entry.added", "entry.enforced"]
    assert history(entries[-1])[-1].facts["reason"] == "reviewed by the partner"
    audit.verify()


def test_one_that_ended_keeps_all_from_being_enforced(house, entry, system):
    other = actions.add_entry(house, pdq(2), source="report", by=system)
    actions.withdraw(entry, by=system)
    with pytest.raises(StateError):
        actions.enforce_all([other, entry], by=system)
    assert Entry.objects.get(pk=other.pk).state == "pending"


def test_a_video_is_one_entry_with_one_line_and_nothing_of_it_is_left(house, system):
    one = actions.add_entry(house, film(1), source="report", by=system)
    assert actions.add_entry(house, film(1), source="report", by=system) == one
    assert (one.algorithm, one.radius, one.state) == ("vpdq", 31, "pending")
    actions.enforce(one, by=system)
    lines = feed_page(0, 10, algorithms=list(Algorithm)).lines
    assert [line.entry.hash for line in lines] == [film(1), film(1)]
    assert all(isinstance(line, OpaqueLine) for line in feed_page(0, 10).lines), "who does not read videos"
    actions.withdraw(one, by=system)
    one.refresh_from_db()
    assert (one.value, one.fingerprint) == (None, None)
    assert [line.salt for line in FeedLine.objects.all()] == [None, None, None]
    kinds = [type(line) for line in feed_page(0, 10, algorithms=list(Algorithm)).lines]
    assert kinds == [OpaqueLine, OpaqueLine, RemoveLine]


def test_a_page_with_videos_ends_early_and_the_next_goes_on(house, system):
    actions.add_entries(house, [(film(seed, 60), None) for seed in range(5)], source="import:list", by=system)
    first = feed_page(0, 5, algorithms=[Algorithm.VPDQ])
    assert len(first.lines) == 2
    rest = feed_page(2, 1000, algorithms=[Algorithm.VPDQ])
    signer = feed_key.signer().verifier
    cursor = feed.verify(feed.Cursor(), first.lines, first.checkpoint.note, signer)
    assert feed.verify(cursor, rest.lines, rest.checkpoint.note, signer).seq == 5
